/** Every function of the service and the file its bundle starts from. The stack and the build derive from this table. */
export const FUNCTIONS = {
  commands: 'functions/api/commands.ts',
  conflicts: 'functions/api/conflicts.ts',
  schedules: 'functions/api/schedules.ts',
  quarantine: 'functions/api/quarantine.ts',
  mappings: 'functions/api/mappings.ts',
  suggest: 'functions/api/suggest.ts',
  projects: 'functions/api/projects.ts',
  queries: 'functions/api/queries.ts',
  web: 'functions/web/web.ts',
  'prepare-job': 'functions/workflow/prepare-job.ts',
  'follow-changes': 'functions/workflow/follow-changes.ts',
  'plan-pass': 'functions/workflow/plan-pass.ts',
  'plan-table': 'functions/workflow/plan-table.ts',
  'settle-table': 'functions/workflow/settle-table.ts',
  'settle-job': 'functions/workflow/settle-job.ts',
  'fire-schedule': 'functions/workflow/fire-schedule.ts',
  sweeper: 'functions/workflow/sweeper.ts',
  retention: 'functions/workflow/retention.ts',
  'dead-letters': 'functions/worker/dead-letters.ts',
  'sync-segment': 'functions/worker/sync-segment.ts',
  'resolve-conflicts': 'functions/worker/resolve-conflicts.ts',
} as const;

export type FunctionName = keyof typeof FUNCTIONS;
