import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startPoll, type Visibility } from '../../../web/poll.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A document that can be hidden and shown. */
function fakePage(): Visibility & { show(visible: boolean): void } {
  const listeners: (() => void)[] = [];
  return {
    hidden: false,
    addEventListener: (_type, listener) => void listeners.push(listener),
    show(visible) {
      Object.assign(this, { hidden: !visible });
      for (const listener of listeners) listener();
    },
  };
}

test('asks again when the time is over, and not while an answer is awaited', async () => {
  const answers = [Promise.withResolvers<number>(), Promise.withResolvers<number>()] as const;
  const ask = vi.fn(
    () => answers[Math.min(ask.mock.calls.length - 1, 1)]?.promise ?? Promise.reject(new Error('none')),
  );
  const poll = startPoll(ask, fakePage());

  await vi.advanceTimersByTimeAsync(60_000);
  expect(ask).toHaveBeenCalledTimes(1);
  answers[0].resolve(2000);
  await vi.advanceTimersByTimeAsync(1999);
  expect(ask).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(ask).toHaveBeenCalledTimes(2);
  poll.stop();
});

test('asks nothing while the page is hidden, and at once when it shows again', async () => {
  const page = fakePage();
  const ask = vi.fn(async () => 2000);
  const poll = startPoll(ask, page);
  await vi.advanceTimersByTimeAsync(0);

  page.show(false);
  await vi.advanceTimersByTimeAsync(60_000);
  const whileHidden = ask.mock.calls.length;
  page.show(true);
  await vi.advanceTimersByTimeAsync(0);

  expect(whileHidden).toBe(1);
  expect(ask).toHaveBeenCalledTimes(2);
  poll.stop();
});

test('ends with the last answer, also for a page that is shown again, until it is asked to ask', async () => {
  const page = fakePage();
  const ask = vi.fn(async () => undefined);
  const poll = startPoll(ask, page);
  await vi.advanceTimersByTimeAsync(60_000);
  page.show(false);
  page.show(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ask).toHaveBeenCalledTimes(1);

  poll.ask();
  await vi.advanceTimersByTimeAsync(0);

  expect(ask).toHaveBeenCalledTimes(2);
  poll.stop();
});

test('asked during a call, asks once more after it, even where that answer was the last', async () => {
  const first = Promise.withResolvers<undefined>();
  const ask = vi.fn(() => (ask.mock.calls.length === 1 ? first.promise : Promise.resolve(undefined)));
  const poll = startPoll(ask, fakePage());

  poll.ask();
  poll.ask();
  first.resolve(undefined);
  await vi.advanceTimersByTimeAsync(60_000);

  expect(ask).toHaveBeenCalledTimes(2);
  poll.stop();
});

test('a stop aborts the call and is the end', async () => {
  const page = fakePage();
  const ask = vi.fn(
    (signal: AbortSignal) =>
      new Promise<number>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const poll = startPoll(ask, page);

  poll.stop();
  page.show(true);
  await vi.advanceTimersByTimeAsync(60_000);

  expect(ask).toHaveBeenCalledTimes(1);
});
