import type { Page } from 'playwright-core';

/**
 * In every document: which elements listen to a pointer, and, once `begin` was called, what the keyboard reaches. Clicks are
 * then noted in place of being followed, so that every control can be pressed.
 */
const WATCH = `(() => {
  const OPERABLE = 'a[href], button, input, select, textarea, summary, [tabindex]';
  const POINTER = /^(click|dblclick|mousedown|mouseup|pointerdown|pointerup|touchstart)$/;
  const pointed = new Set();
  const add = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, ...rest) {
    if (this instanceof Element && POINTER.test(type)) pointed.add(this);
    return add.call(this, type, ...rest);
  };

  const named = (element) => element === null ? 'nothing' : element.outerHTML.replace(/>[^]*/, '>').slice(0, 160)
    + ' ' + element.textContent.trim().slice(0, 30);
  // of a shadow what can be seen: its colour is not transparent
  const seen = (shadow) => (shadow.match(/[a-z]+\\([^)]*\\)[^,]*/g) ?? []).filter((one) => !/, 0\\)/.test(one));
  const look = (element) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element); // a ring, not a shade
    return [outlineStyle === 'none' ? '' : outlineStyle + outlineWidth + outlineColor, ...seen(boxShadow)].join();
  };
  const isChosen = (radio) => {
    const group = [...document.querySelectorAll('input[type=radio]')].filter((r) => r.name === radio.name && !r.disabled);
    return group.some((r) => r.checked) ? radio.checked : group[0] === radio;
  };
  const reachable = (within) => [...within.querySelectorAll(OPERABLE)].filter((element) =>
    !element.disabled && element.tabIndex >= 0 && element.type !== 'hidden'
    && element.checkVisibility({ visibilityProperty: true }) && (element.type !== 'radio' || isChosen(element)));

  const state = { expected: [], before: new Map(), reached: new Set(), last: -1, clicked: undefined, faults: [] };
  window.keyboard = {
    named,
    reachable,
    /** Where the focus shall go, from the top of the document to its end. */
    begin() {
      document.activeElement.blur();
      state.expected = reachable(document);
      state.before = new Map(state.expected.map((element) => [element, look(element)]));
      add.call(window, 'click', (event) => {
        if (state.ended) return;
        state.clicked = event.target;
        event.preventDefault();
        event.stopImmediatePropagation();
      }, true);
      document.querySelector('a.skip').focus(); // Tab goes on from where the focus was last
      return state.expected.length;
    },
    /** What has the focus now; undefined: nothing of the page. */
    stop() {
      const at = document.activeElement;
      if (at === document.body || at === null) return undefined;
      const index = state.expected.indexOf(at);
      const scrolls = at.scrollHeight > at.clientHeight || at.scrollWidth > at.clientWidth;
      if (at === state.at) return { keys: [] }; // a date has stops of its own
      if (state.reached.has(at)) return { again: true };
      state.at = at;
      state.reached.add(at);
      if (!at.matches(OPERABLE) && !scrolls) state.faults.push('reached, and nothing to operate: ' + named(at));
      if (index >= 0 && index < state.last) state.faults.push('out of order: ' + named(at));
      if (index >= 0) state.last = index;
      if (state.before.get(at) === look(at)) state.faults.push('looks no different with the focus: ' + named(at));
      const { top, bottom, left, right } = at.getBoundingClientRect();
      if (bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth)
        state.faults.push('out of sight with the focus: ' + named(at));
      state.clicked = undefined;
      return { index, keys: at.matches('button, summary') ? ['Enter', ' '] : at.matches('a') ? ['Enter']
        : at.matches('[type=checkbox], [type=radio]:not(:checked)') ? [' '] : [] };
    },
    /** Whether the key that was pressed has come to what has the focus. */
    pressed(key) {
      if (state.clicked !== document.activeElement)
        state.faults.push(JSON.stringify(key) + ' does nothing: ' + named(document.activeElement));
      state.clicked = undefined;
    },
    /** From now on, clicks are followed again. */
    end() {
      state.ended = true;
      const missed = state.expected.filter((element) => !state.reached.has(element)).map(named);
      const mouseOnly = [...pointed].filter((element) => element.isConnected && !element.matches(OPERABLE + ', label, form, dialog'))
        .filter((element) => !element.closest('.u-wrap')); // a plot can be looked at closer; its figures stand beside it
      return [...state.faults, ...missed.map((one) => 'no Tab leads to: ' + one),
        ...mouseOnly.map((one) => 'only for a pointer: ' + named(one))];
    },
  };
})()`;

/** More controls than any page has: where Tab goes round inside of something, the walk ends here. */
const MOST_STOPS = 600;

/** To be called before the first document. */
export const watchKeyboard = (page: Page): Promise<unknown> => page.addInitScript(WATCH);

/** The first Tab of a page leads to the link that skips the frame, and Enter there to what the page is about. */
async function skipLink(page: Page): Promise<readonly string[]> {
  const at = () =>
    page.evaluate(`(() => {
      const { top, height } = document.activeElement.getBoundingClientRect();
      return { skip: document.activeElement.matches('a.skip') && top >= 0 && height > 1,
        inside: document.activeElement.closest('main') !== null };
    })()`) as Promise<{ readonly skip: boolean; readonly inside: boolean }>;
  if (!(await page.evaluate('document.activeElement === document.body'))) return []; // the page has its one field
  await page.keyboard.press('Tab');
  if (!(await at()).skip) return ['the first Tab leads to no link that skips the frame'];
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  return (await at()).inside ? [] : ['the skip link does not lead into the page'];
}

/**
 * Goes through what the page shows with Tab, from its top to its end, and presses everything with the keys that operate it:
 * what is wrong with that, in words. Nothing that is pressed has an effect.
 */
export async function walk(page: Page): Promise<readonly string[]> {
  const skipping = await skipLink(page);
  const expected = (await page.evaluate('keyboard.begin()')) as number;
  if (expected < 3) return ['there is nothing to operate'];
  for (let stops = 0; stops < MOST_STOPS; stops += 1) {
    const stop = (await page.evaluate('keyboard.stop()')) as { again?: true; keys?: readonly string[] } | undefined;
    if (stop === undefined || stop.again) break;
    for (const key of stop.keys ?? []) {
      await page.keyboard.press(key === ' ' ? 'Space' : key);
      await page.evaluate(`keyboard.pressed(${JSON.stringify(key)})`);
    }
    await page.keyboard.press('Tab');
  }
  return [...skipping, ...((await page.evaluate('keyboard.end()')) as readonly string[])];
}

/** The answer to everything that would change something. */
const REFUSED = { title: 'Refused', status: 409, detail: 'Refused by this test.', code: 'conflict_stale', errors: [] };

/** Nothing that the page asks for from now on changes anything. */
export async function refuseChanges(page: Page): Promise<void> {
  await page.route('**/api/**', async (route) => {
    if (route.request().method() === 'GET') return route.continue();
    return route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(REFUSED) });
  });
}

/** As long as a page takes to draw what has changed. */
export const DRAWN = 'new Promise((done) => requestAnimationFrame(() => setTimeout(done)))';

/** Where the focus is while a dialog is open; with nothing of the page, it is on its way round through the browser itself. */
const WHERE = `(() => {
  const dialog = document.querySelector('dialog[open]');
  if (dialog === null) return 'left without';
  return document.activeElement === document.body || dialog.contains(document.activeElement) ? 'inside' : 'outside of';
})()`;

/**
 * Presses every button that says it opens a dialog, and is able to: it does, the focus is in it and stays there, Escape closes it and gives the
 * focus back. Answers how many dialogs there were, and what is wrong, in words.
 */
export async function dialogs(page: Page): Promise<{ readonly opened: number; readonly faults: readonly string[] }> {
  const faults: string[] = [];
  let opened = 0;
  await page.evaluate(`window.buttons = [...document.querySelectorAll('main button[aria-haspopup=dialog]:enabled:not([aria-disabled=true])')]
    .filter((button) => button.checkVisibility({ visibilityProperty: true }))`);
  const count = (await page.evaluate('buttons.length')) as number;
  for (let index = 0; index < count; index += 1) {
    await page.evaluate(`buttons[${index}].focus()`);
    const name = await page.evaluate(`keyboard.named(buttons[${index}])`);
    await page.keyboard.press(index % 2 === 0 ? 'Enter' : 'Space');
    await page.evaluate(DRAWN);
    if (!(await page.evaluate(`document.querySelector('dialog[open]') !== null`))) {
      faults.push(`opens no dialog: ${name}`);
      continue;
    }
    opened += 1;
    const within = (await page.evaluate(`keyboard.reachable(document.querySelector('dialog[open]')).length`)) as number;
    for (let presses = 0; presses <= within + 1; presses += 1) {
      const where = await page.evaluate(WHERE);
      if (where !== 'inside') faults.push(`the focus is ${where} the dialog of ${name}`);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Escape');
    await page.evaluate(DRAWN);
    if (await page.evaluate(`document.querySelector('dialog[open]') !== null`))
      faults.push(`Escape leaves open: ${name}`);
    if (!(await page.evaluate(`document.activeElement === buttons[${index}]`)))
      faults.push(`the focus does not come back to ${name}`);
  }
  return { opened, faults };
}

/** Where the focus is: on the document alone, it is nowhere. */
export const focusIsLost = async (page: Page): Promise<boolean> => {
  await page.evaluate(DRAWN);
  await page.locator('#app [aria-busy=true]').first().waitFor({ state: 'detached' });
  await page.evaluate(DRAWN);
  return (await page.evaluate('document.activeElement === document.body')) as boolean;
};

/**
 * Presses every button that opens no dialog, until one leads to another page: whatever it does, and whatever it is refused,
 * the focus is on something of the page afterwards. Answers what is wrong, in words.
 */
export async function presses(page: Page): Promise<readonly string[]> {
  const faults: string[] = [];
  const begun = page.url();
  await page.evaluate(`window.buttons = [...document.querySelectorAll(
    'main button:enabled:not([aria-haspopup], [aria-disabled=true])')]`);
  const count = (await page.evaluate('buttons.length')) as number;
  for (let index = 0; index < count && page.url() === begun; index += 1) {
    await page.evaluate(`buttons[${index}].focus()`);
    if (!(await page.evaluate(`document.activeElement === buttons[${index}]`))) continue; // an earlier one took it away
    const name = await page.evaluate(`keyboard.named(buttons[${index}])`);
    await page.keyboard.press('Enter');
    if (await focusIsLost(page)) faults.push(`the focus is lost after ${name}`);
  }
  return faults;
}
