/** What a remedy calls by its route, as a command. */
const COMMANDS: readonly (readonly [route: string, command: string])[] = [
  ['GET /api/sync/jobs', 'tfsync jobs'],
  ['GET /api/sync/conflicts/{job_id}', 'tfsync conflicts JOB'],
  ['GET /api/sync/quarantine/{job_id}', 'tfsync quarantine JOB'],
  ['GET /api/sync/mappings/{name}', 'tfsync mappings show NAME'],
  ['POST /api/sync/mappings/{name}/approve', 'tfsync mappings approve NAME'],
  ['GET /api/sync/mappings', 'tfsync mappings'],
  ['GET /api/sync/schedules', 'tfsync schedules'],
  ['GET /api/sync/webhooks', 'tfsync webhooks'],
  ['GET /api/sync/pairs', 'tfsync pairs list'],
  ['GET /api/sync/fleet', 'tfsync fleet'],
  ['GET /api/sync/environments', 'tfsync environments'],
  ['POST /api/sync/approvals/{approval_id}/approve', 'tfsync approvals approve REQUEST'],
  ['GET /api/sync/approvals', 'tfsync approvals'],
  ['GET /api/sync/health', 'tfsync doctor'],
];

/** The same remedy for whoever types commands. Longer routes first: one may begin with another. */
export const commandHint = (hint: string): string =>
  [...COMMANDS]
    .sort(([a], [b]) => b.length - a.length)
    .reduce((text, [route, command]) => text.replaceAll(route, command), hint);
