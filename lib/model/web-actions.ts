/**
 * What the pages let a person do, by the route that does it. The build looks up the role of each (infra/web-facts.ts) and
 * fails on a route that is not there.
 */
export const WEB_ACTIONS = {
  full: 'POST /api/sync/full',
  incremental: 'POST /api/sync/incremental',
  stop: 'POST /api/sync/stop/{job_id}',
  resume: 'POST /api/sync/resume/{job_id}',
  testDatabases: 'POST /api/sync/tables',
  validateTable: 'POST /api/sync/validate/{job_id}/{table_name}',
  retryRows: 'POST /api/sync/quarantine/{job_id}/retry',
  resolveConflict: 'POST /api/sync/conflicts/{job_id}/{conflict_id}/resolve',
  resolveMany: 'POST /api/sync/conflicts/{job_id}/resolve-all',
  cancelOrder: 'POST /api/sync/conflicts/{job_id}/resolutions/{resolution_id}/cancel',
  putEnvironment: 'PUT /api/sync/environments/{name}',
  deleteEnvironment: 'DELETE /api/sync/environments/{name}',
  testEnvironment: 'POST /api/sync/environments/{name}/test',
  approve: 'POST /api/sync/approvals/{approval_id}/approve',
  reject: 'POST /api/sync/approvals/{approval_id}/reject',
  seeSchedules: 'GET /api/sync/schedules',
  putSchedule: 'PUT /api/sync/schedules/{name}',
  deleteSchedule: 'DELETE /api/sync/schedules/{name}',
  putMapping: 'PUT /api/sync/mappings/{name}',
  discardMapping: 'DELETE /api/sync/mappings/{name}/versions/{version}',
  approveMapping: 'POST /api/sync/mappings/{name}/approve',
  retireMapping: 'POST /api/sync/mappings/{name}/retire',
  planProject: 'POST /api/sync/projects/plan',
  seeWebhooks: 'GET /api/sync/webhooks',
  putWebhook: 'PUT /api/sync/webhooks/{name}',
  deleteWebhook: 'DELETE /api/sync/webhooks/{name}',
  testWebhook: 'POST /api/sync/webhooks/{name}/test',
  rotateWebhook: 'POST /api/sync/webhooks/{name}/rotate',
  suggestMapping: 'POST /api/sync/mappings/suggest',
} as const;
export type WebAction = keyof typeof WEB_ACTIONS;
