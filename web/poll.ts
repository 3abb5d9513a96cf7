/** As much of a document as polling needs. */
export interface Visibility {
  readonly hidden: boolean;
  addEventListener(type: 'visibilitychange', listener: () => void, options: { readonly signal: AbortSignal }): void;
}

export interface Poll {
  /** Asks at once, also after the end. */
  ask(): void;
  stop(): void;
}

/**
 * Asks again and again: `ask` answers how many ms to wait, or undefined for the end. One call at a time, none while the
 * page is hidden, one at once when it shows again. `ask` must not reject but for its signal.
 */
export function startPoll(ask: (signal: AbortSignal) => Promise<number | undefined>, page: Visibility): Poll {
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;
  let again = false;
  let ended = false;

  const run = async () => {
    clearTimeout(timer);
    timer = undefined;
    if (stopped.signal.aborted || page.hidden) return;
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    again = false;
    const waitMs = await ask(stopped.signal).catch((error: unknown) => {
      if (stopped.signal.aborted) return undefined;
      throw error;
    });
    asking = false;
    if (stopped.signal.aborted) return;
    ended = waitMs === undefined && !again;
    if (!ended) timer = setTimeout(run, again ? 0 : waitMs);
  };
  page.addEventListener('visibilitychange', () => void (!page.hidden && !ended && run()), { signal: stopped.signal });
  void run();
  return {
    ask: () => {
      ended = false;
      void run();
    },
    stop: () => {
      stopped.abort();
      clearTimeout(timer);
    },
  };
}
