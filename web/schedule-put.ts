import type { ScheduleView } from '../lib/model/answers.ts';

/** What of a schedule that is there a PUT repeats; its connections stay. */
export const again = ({
  expression,
  timezone,
  flexible_minutes,
  mode,
  overlap,
  paused,
  config,
}: ScheduleView): Readonly<Record<string, unknown>> => ({
  expression,
  timezone,
  flexible_minutes,
  mode,
  overlap,
  paused,
  config,
});

/** One side as somebody says it: a connection where it looks like one, else the name of an environment. Empty: not said. */
export function sideFields(side: 'source' | 'target', said: string): Readonly<Record<string, string>> {
  const text = said.trim();
  if (text === '') return {};
  return text.includes('://') ? { [`${side}_connection`]: text } : { [`${side}_environment`]: text };
}
