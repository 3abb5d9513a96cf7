/** What is large enough to be said when it gets the focus, and small enough to be near. */
const PLACES = 'section, form, article, details, main';

/**
 * Keeps the focus near. What is taken out of the page drops it to the top: it then goes to the part of the page around
 * that is still there, so that the next Tab goes on from there and a screen reader says where.
 */
export function keepFocusNear(document: Document, within: Element): void {
  let around: readonly Element[] = [];
  document.addEventListener('focusin', ({ target }) => {
    around = target instanceof Element ? ancestors(target) : [];
  });
  new MutationObserver(() => {
    const [last] = around;
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    const near = around.find((element) => element.isConnected && element.matches(PLACES));
    if (!(near instanceof HTMLElement)) return;
    if (!near.hasAttribute('tabindex')) near.tabIndex = -1;
    near.focus({ preventScroll: true });
  }).observe(within, { childList: true, subtree: true });
}

function ancestors(element: Element): readonly Element[] {
  const all: Element[] = [];
  for (let at: Element | null = element; at; at = at.parentElement) all.push(at);
  return all;
}

/** Goes to the first field that is marked as wrong; called once the page is drawn. */
export function goToWrongField(within: Element | null | undefined): void {
  const wrong = [...(within?.querySelectorAll<HTMLElement>('[aria-invalid=true]') ?? [])];
  wrong.find((field) => field.checkVisibility())?.focus();
}
