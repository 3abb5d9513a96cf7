/** When something runs, as somebody types it. */
export interface TimingDraft {
  readonly expression: string;
  readonly timezone: string;
  readonly flexible_minutes: string;
  readonly overlap: string;
}

/** Each night at two, where the browser is. */
export const usualTiming = (): TimingDraft => ({
  expression: 'cron(0 2 * * ? *)',
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC',
  flexible_minutes: '0',
  overlap: 'skip',
});
