import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { sampleApprovalRequest, sampleConflict, sampleJob, sampleResolution } from '../../contract/samples.ts';
import { type Call, fleetOrder, SOURCE, start, TARGET } from './client.ts';

export const job = sampleJob({ config: jobConfigSchema.parse({ project: { root: 'public.parcels', key: 7 } }) });
export const conflict = sampleConflict(job.job_id);
export const resolution = sampleResolution(job.job_id);
export const approval = sampleApprovalRequest();
/** Where conflicts of the job are. */
export const ofJob = `/api/sync/conflicts/${job.job_id}`;
/** A call of every route that its role may make, by method and path. */
export const calls: Readonly<Record<string, Call>> = {
  'POST /api/sync/full': start(),
  'POST /api/sync/incremental': { ...start(), path: '/api/sync/incremental' },
  'POST /api/sync/stop/{job_id}': { method: 'POST', path: `/api/sync/stop/${job.job_id}` },
  'POST /api/sync/resume/{job_id}': { method: 'POST', path: `/api/sync/resume/${job.job_id}` },
  'GET /api/sync/validate/{job_id}/{table_name}': { path: `/api/sync/validate/${job.job_id}/public.parcels` },
  'POST /api/sync/validate/{job_id}/{table_name}': {
    method: 'POST',
    path: `/api/sync/validate/${job.job_id}/public.parcels`,
  },
  'GET /api/sync/schedules': { path: '/api/sync/schedules' },
  'GET /api/sync/schedules/{name}': { path: '/api/sync/schedules/nightly' },
  'PUT /api/sync/schedules/{name}': {
    method: 'PUT',
    path: '/api/sync/schedules/nightly',
    body: { ...(start().body as object), expression: 'rate(1 day)' },
  },
  'DELETE /api/sync/schedules/{name}': { method: 'DELETE', path: '/api/sync/schedules/nightly' },
  'GET /api/sync/webhooks': { path: '/api/sync/webhooks' },
  'GET /api/sync/webhooks/{name}': { path: '/api/sync/webhooks/ops' },
  'PUT /api/sync/webhooks/{name}': { method: 'PUT', path: '/api/sync/webhooks/ops', body: { paused: true } },
  'DELETE /api/sync/webhooks/{name}': { method: 'DELETE', path: '/api/sync/webhooks/ops' },
  'POST /api/sync/webhooks/{name}/rotate': { method: 'POST', path: '/api/sync/webhooks/ops/rotate' },
  'POST /api/sync/webhooks/{name}/test': { method: 'POST', path: '/api/sync/webhooks/ops/test' },
  'GET /api/sync/environments': { path: '/api/sync/environments' },
  'GET /api/sync/environments/{name}': { path: '/api/sync/environments/production' },
  'PUT /api/sync/environments/{name}': {
    method: 'PUT',
    path: '/api/sync/environments/production',
    body: { connection: SOURCE },
  },
  'DELETE /api/sync/environments/{name}': { method: 'DELETE', path: '/api/sync/environments/production' },
  'POST /api/sync/tables': {
    method: 'POST',
    path: '/api/sync/tables',
    body: { source_connection: SOURCE, target_environment: 'training' },
  },
  'POST /api/sync/environments/{name}/test': { method: 'POST', path: '/api/sync/environments/production/test' },
  'GET /api/sync/approvals': { path: '/api/sync/approvals' },
  'GET /api/sync/approvals/{approval_id}': { path: `/api/sync/approvals/${approval.id}` },
  'POST /api/sync/approvals/{approval_id}/approve': {
    method: 'POST',
    path: `/api/sync/approvals/${approval.id}/approve`,
  },
  'POST /api/sync/approvals/{approval_id}/reject': {
    method: 'POST',
    path: `/api/sync/approvals/${approval.id}/reject`,
  },
  'GET /api/sync/jobs': { path: '/api/sync/jobs' },
  'GET /api/sync/status/{job_id}': { path: `/api/sync/status/${job.job_id}` },
  'GET /api/sync/status/{job_id}/{table_name}': { path: `/api/sync/status/${job.job_id}/public.parcels` },
  'GET /api/sync/conflicts/{job_id}': { path: ofJob },
  'GET /api/sync/conflicts/{job_id}/{conflict_id}': { path: `${ofJob}/${conflict.conflict_id}` },
  'POST /api/sync/conflicts/{job_id}/{conflict_id}/resolve': {
    path: `${ofJob}/${conflict.conflict_id}/resolve`,
    body: { side: 'source', expected: { source: conflict.prints.source, target: conflict.prints.target } },
  },
  'POST /api/sync/conflicts/{job_id}/resolve-all': {
    path: `${ofJob}/resolve-all`,
    body: { side: 'source', expected_count: 1 },
  },
  'GET /api/sync/conflicts/{job_id}/resolutions/{resolution_id}': {
    path: `${ofJob}/resolutions/${resolution.resolution_id}`,
  },
  'POST /api/sync/conflicts/{job_id}/resolutions/{resolution_id}/cancel': {
    method: 'POST',
    path: `${ofJob}/resolutions/${resolution.resolution_id}/cancel`,
  },
  'GET /api/sync/quarantine/{job_id}': { path: `/api/sync/quarantine/${job.job_id}` },
  'POST /api/sync/quarantine/{job_id}/retry': {
    method: 'POST',
    path: `/api/sync/quarantine/${job.job_id}/retry`,
  },
  'GET /api/sync/audit/{job_id}': { path: `/api/sync/audit/${job.job_id}` },
  'GET /api/sync/audit/{job_id}/report': { path: `/api/sync/audit/${job.job_id}/report` },
  'GET /api/sync/audit/{job_id}/export': { path: `/api/sync/audit/${job.job_id}/export` },
  'GET /api/sync/audit/{job_id}/verify': { path: `/api/sync/audit/${job.job_id}/verify` },
  'GET /api/sync/mappings': { path: '/api/sync/mappings' },
  'GET /api/sync/mappings/{name}': { path: '/api/sync/mappings/county' },
  'GET /api/sync/mappings/{name}/versions/{version}': { path: '/api/sync/mappings/county/versions/2' },
  'POST /api/sync/mappings/suggest': {
    path: '/api/sync/mappings/suggest',
    body: { name: 'county', source_connection: SOURCE, target_connection: TARGET },
  },
  'POST /api/sync/mappings/suggest-expression': {
    path: '/api/sync/mappings/suggest-expression',
    body: { source_connection: SOURCE, table: 'public.parcels', sentence: 'upper case of city' },
  },
  'PUT /api/sync/mappings/{name}': { method: 'PUT', path: '/api/sync/mappings/county', body: { mapping: {} } },
  'DELETE /api/sync/mappings/{name}/versions/{version}': {
    method: 'DELETE',
    path: '/api/sync/mappings/county/versions/2',
  },
  'POST /api/sync/mappings/{name}/approve': {
    path: '/api/sync/mappings/county/approve',
    headers: { 'if-match': '"2.2.1"' },
    body: { version: 2 },
  },
  'POST /api/sync/mappings/{name}/retire': {
    method: 'POST',
    path: '/api/sync/mappings/county/retire',
    headers: { 'if-match': '"2.2.1"' },
  },
  'GET /api/sync/pairs': { path: '/api/sync/pairs' },
  'GET /api/sync/pairs/{name}': { path: '/api/sync/pairs/county' },
  'PUT /api/sync/pairs/{name}': {
    method: 'PUT',
    path: '/api/sync/pairs/county',
    body: { source_environment: 'production', target_environment: 'training' },
  },
  'DELETE /api/sync/pairs/{name}': { method: 'DELETE', path: '/api/sync/pairs/county' },
  'POST /api/sync/fleet': { path: '/api/sync/fleet', body: { action: 'start' } },
  'GET /api/sync/fleet': { path: '/api/sync/fleet' },
  'GET /api/sync/fleet/{order_id}': { path: `/api/sync/fleet/${fleetOrder.order_id}` },
  'POST /api/sync/fleet/{order_id}/cancel': { method: 'POST', path: `/api/sync/fleet/${fleetOrder.order_id}/cancel` },
  'POST /api/sync/pairs/drop': {
    path: '/api/sync/pairs/drop',
    body: { source_connection: SOURCE, target_connection: TARGET },
  },
  'POST /api/sync/pairs/slots': { path: '/api/sync/pairs/slots', body: { source_connection: SOURCE } },
  'POST /api/sync/projects/plan': {
    ...start({ project: { root: 'public.parcels', key: 7 } }),
    path: '/api/sync/projects/plan',
  },
  'POST /api/sync/uninstall': { path: '/api/sync/uninstall', body: { connection: TARGET } },
  'POST /api/sync/doctor': { ...start({}), path: '/api/sync/doctor' },
  'GET /api/sync/projects/dashboard': { path: '/api/sync/projects/dashboard' },
  'GET /api/sync/projects/jobs': { path: '/api/sync/projects/jobs' },
  'GET /api/sync/projects/job/{job_id}': { path: `/api/sync/projects/job/${job.job_id}` },
  'GET /api/sync/projects/conflicts': { path: '/api/sync/projects/conflicts', query: `job_id=${job.job_id}` },
  'GET /api/v1/status': { path: '/api/v1/status' },
  'GET /api/sync/health': { path: '/api/sync/health' },
  'GET /api/sync/openapi.json': { path: '/api/sync/openapi.json' },
};
