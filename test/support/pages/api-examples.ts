const PAIR = { source_environment: 'production', target_environment: 'training' };
const CONNECTION = 'postgresql://sync_target:secret@db2.example:5432/county_training?sslmode=verify-full';

/** Bodies that say more than what a route needs; the others are made of their schemas. */
export const REQUESTS: Readonly<Record<string, unknown>> = {
  'POST /api/sync/full': {
    source_connection: 'postgresql://sync_source:secret@db1.example:5432/county?sslmode=verify-full',
    target_connection: CONNECTION,
    config: { batch_size: 1000, detection_strategy: 'hash', conflict_strategy: 'source_wins', delete_mode: 'mirror' },
  },
  'POST /api/sync/incremental': { ...PAIR, config: { detection_strategy: 'timestamp', key_sweep: true } },
  'POST /api/sync/resume/{job_id}': { confirm_deletes: 2310 },
  'POST /api/sync/conflicts/{job_id}/{conflict_id}/resolve': {
    fields: { land_value: { side: 'source' }, notes: { value: 'as agreed by telephone' } },
    note: 'ticket 4711',
  },
  'POST /api/sync/conflicts/{job_id}/resolve-all': {
    strategy: 'newer_wins',
    filter: { table: 'public.parcels', type: 'update_differing' },
    expected_count: 42,
  },
  'PUT /api/sync/environments/{name}': {
    connection: CONNECTION,
    description: 'What people learn with',
    colour: 'green',
    writable: true,
    receives_from: ['production'],
  },
  'POST /api/sync/tables': PAIR,
  'POST /api/sync/approvals/{approval_id}/approve': { note: 'ticket 4711' },
  'POST /api/sync/approvals/{approval_id}/reject': { note: 'not before Monday' },
  'PUT /api/sync/schedules/{name}': {
    expression: 'cron(0 2 ? * MON-FRI *)',
    timezone: 'America/Chicago',
    ...PAIR,
    config: { delete_mode: 'mirror' },
  },
  'PUT /api/sync/webhooks/{name}': {
    url: 'https://hooks.example.org/terrafusion',
    events: ['job.ended', 'job.paused'],
  },
  'PUT /api/sync/mappings/{name}': {
    mapping: { 'land.property': { from: 'public.parcels', columns: { property_id: 'parcel_id' } } },
  },
  'POST /api/sync/mappings/suggest': { name: 'county-to-training', ...PAIR },
  'PUT /api/sync/pairs/{name}': { ...PAIR, groups: ['nightly'], config: { delete_mode: 'mirror' } },
  'POST /api/sync/fleet': { action: 'start', filter: { group: 'nightly' } },
  'POST /api/sync/projects/plan': { ...PAIR, config: { project: { root: 'public.parcels', key: 7 } } },
};

/** Words in place of the names of a path's parameters, where one says more. */
export const PLACES: Readonly<Record<string, string>> = {
  '/api/sync/environments/{name}': '/api/sync/environments/training',
  '/api/sync/schedules/{name}': '/api/sync/schedules/nightly',
  '/api/sync/webhooks/{name}': '/api/sync/webhooks/ops',
  '/api/sync/pairs/{name}': '/api/sync/pairs/county-nightly',
  '/api/sync/mappings/{name}': '/api/sync/mappings/county-to-training',
};
