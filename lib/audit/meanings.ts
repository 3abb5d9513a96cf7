import { type AuditEventType, levelOf, severityOf } from './catalogue.ts';

interface Meaning {
  readonly meaning: string;
  /** What its data holds, by field. */
  readonly fields: Readonly<Record<string, string>>;
}

const CODE = { code: 'why, one of docs/errors.md' };
const FAILED = { ...CODE, message: 'the same for people' };
const AT_TABLE = { table: 'the target table', pass: '`apply`, `delete`, `revisit` or `verify`' };
const AT_SEGMENT = { ...AT_TABLE, segment: 'position of the segment in its table' };
const APPLIED = {
  rule: 'what decided: a conflict strategy, `delete_mode`, `copy` or `compared`',
  inserted: 'rows',
  updated: 'rows',
  deleted: 'rows',
  quarantined: 'rows put aside',
  source:
    'rows inserted, updated and deleted in the source, and rows that moved first, in a job that writes to both sides',
  unexplained: 'of the final comparison: differences that no rule explains',
  in_flight: 'of the final comparison: differences of rows that still move',
};
const HEALED = { ...CODE, sqlstate: 'what PostgreSQL said, where it did', times: 'how often since the last chunk' };
const COUNTS =
  'rows by what happened to them: read, inserted, updated, deleted, unchanged, kept, conflicts, quarantined, skipped; of a job that writes to both sides also source_inserted, source_updated, source_deleted';
const AT_CONFLICT = {
  table: 'the target table',
  conflict_id: 'the same in every job that meets it',
  type: 'what kind of disagreement it is',
};
const DECIDED = {
  rule: '`manual`, or the strategy and what of it decided',
  winner: '`source`, `target` or `merged`',
  fields: 'of a merge: whose value each field got',
  inputs: 'fingerprints and clocks that were looked at',
  before: "fingerprint of the target's row before",
  after: 'and after',
};

const MEANINGS: Readonly<Record<AuditEventType, Meaning>> = {
  'job.created': {
    meaning: 'A job was accepted: who started it, over which databases, with which config.',
    fields: {
      mode: '`full` or `incremental`',
      source: 'host, port, database and user; no password',
      target: 'the same of the target',
      config: 'the config, defaults filled in',
      retry_of: 'the job whose rows are tried again, where it is a retry; `table`, `code` and `rule`: which of them',
      environments: 'by side: environments that the database is, and whether the caller named one',
      approval: 'who asked to write to a protected environment, and who approved it',
    },
  },
  'job.prepared': {
    meaning: 'Tables were ordered and cut into segments.',
    fields: {
      fingerprint: '`fast` or `portable`',
      horizon: 'up to when every commit of the source is seen',
      tables:
        'name, key, segments and estimated rows of each, at most 500; warnings and changes found in its catalogs; `rules`: name, rule, severity, and rows that do not pass where they were counted',
      retry_of: 'the job whose rows are tried again, where it is a retry',
      tables_in_all: 'how many there are, where it is more',
    },
  },
  'changes.drained': {
    meaning: "What the source's log has told since the last job was taken over: keys of rows to look at.",
    fields: {
      slot: 'name of the replication slot and of the publication',
      created: 'the job has created the slot',
      through: 'place in the log up to which everything was drained',
      transactions: 'how many were drained',
      changes: 'changes of rows in them',
      lag_bytes: 'of the log, left for the next job',
      lag_seconds: 'how old the oldest of that may be',
      warnings: "slots on the source's server that keep too much log, or that nobody reads",
      tables: 'of each, at most 500: how many keys are looked at, or why all rows are',
    },
  },
  'changes.applied': {
    meaning: 'A job that follows the log until it is stopped has ended a round: what was drained is in the target.',
    fields: { counts: COUNTS },
  },
  'job.taken_over': {
    meaning: 'The run was restarted at a new epoch, because it gave no sign of life.',
    fields: { epoch: 'number of the run', takeovers: 'how often by now' },
  },
  'job.resumed': {
    meaning: 'Somebody, or the service itself after a pause, let the job go on from its checkpoints.',
    fields: {
      epoch: 'number of the run',
      takeovers: 'always 0',
      confirmed_deletes: 'deletes that were accepted, where the job paused before them',
    },
  },
  'job.stopped': {
    meaning: 'Somebody stopped the job; from here on nothing is written for it.',
    fields: { epoch: 'number of the run that cannot begin' },
  },
  'job.paused': { meaning: 'The job waits; the code says for what.', fields: FAILED },
  'job.expired': {
    meaning: 'Nobody resumed the job in time; its connections and checkpoints are forgotten.',
    fields: {},
  },
  'job.completed': {
    meaning: 'The job ended; every remaining difference is one it can name.',
    fields: { state: '`completed` or `completed_with_issues`', counts: COUNTS },
  },
  'job.failed': {
    meaning: 'The job ended without reaching its goal; the code says why.',
    fields: { ...FAILED, counts: COUNTS },
  },
  'table.started': {
    meaning: 'A pass over a table began.',
    fields: {
      ...AT_TABLE,
      segments: 'how many of them the pass has something to do in',
      rows_estimate: 'rows of the source, estimated',
    },
  },
  'table.applied': {
    meaning: 'All segments of a table went through a pass.',
    fields: { ...AT_TABLE, counts: COUNTS, unexplained: 'differences that no rule explains' },
  },
  'segment.finished': {
    meaning: 'The last buckets of a segment were decided in a pass; with counts.',
    fields: { ...AT_SEGMENT, ...APPLIED, counts: 'of the whole segment in this pass' },
  },
  'chunk.applied': {
    meaning: 'Changes were decided by a rule and applied in one transaction; with counts.',
    fields: { ...AT_SEGMENT, ...APPLIED },
  },
  'rows.quarantined': {
    meaning: 'Rows were put aside, because they cannot be applied.',
    fields: {
      ...AT_SEGMENT,
      rows: 'how many',
      codes: 'how many by reason',
      objects: 'constraints, columns or rules that refused them',
    },
  },
  'rows.released': {
    meaning: 'Rows that had been put aside were applied after all.',
    fields: { ...AT_SEGMENT, rows: 'how many' },
  },
  'rows.applied': {
    meaning: 'What a chunk did to each of its rows.',
    fields: {
      ...AT_SEGMENT,
      chunk: 'number of the chunk, as in the id of its `chunk.applied`',
      rows: 'at most 100: `op`, `key` (SHA-256 of the table and the key values, the first half), `before` and `after` (fingerprints of the target row; null: no row), `values` (by column type and length, never the value; null: NULL), `code` and `object` of a row put aside',
    },
  },
  'conflict.opened': {
    meaning: 'Both sides changed a row, and it waits for somebody to decide.',
    fields: { ...AT_CONFLICT, prints: 'fingerprints of source, target and last decision' },
  },
  'conflict.refreshed': {
    meaning: 'An open conflict was met again, as both sides are now.',
    fields: { ...AT_CONFLICT, prints: 'fingerprints as they are now' },
  },
  'conflict.closed': {
    meaning: 'A conflict is none any more: both sides agree, or one of them went back.',
    fields: { table: AT_CONFLICT.table, conflict_id: AT_CONFLICT.conflict_id, state: '`converged` or `superseded`' },
  },
  'conflict.decided': {
    meaning:
      'A rule decided a row that both sides changed, or overwrote a change of the target; with what it looked at, before and after.',
    fields: { ...AT_CONFLICT, ...DECIDED },
  },
  'conflict.resolved': {
    meaning: 'Somebody decided a conflict; with what they looked at, before and after.',
    fields: { ...AT_CONFLICT, ...DECIDED, note: 'what was noted with it' },
  },
  'healing.chunk_retried': {
    meaning: 'A chunk was rolled back by another transaction and tried again.',
    fields: { ...AT_SEGMENT, ...HEALED },
  },
  'healing.chunk_shrunk': {
    meaning: 'A chunk was refused and tried again in halves.',
    fields: { ...AT_SEGMENT, ...HEALED },
  },
  'healing.row_isolated': {
    meaning: 'A row was refused by itself and put aside; the others of its chunk went in.',
    fields: { ...AT_SEGMENT, ...HEALED },
  },
  'healing.looked_again': {
    meaning: 'Rows moved while they were decided, and were looked at again.',
    fields: { ...AT_SEGMENT, ...HEALED },
  },
  'healing.segment_retried': {
    meaning: 'A segment was given back to the queue to be tried again.',
    fields: { ...AT_SEGMENT, ...CODE, sqlstate: HEALED.sqlstate, delivery: 'which delivery failed' },
  },
  'healing.segment_given_up': {
    meaning: 'Five workers in a row died on a segment.',
    fields: { ...AT_SEGMENT, ...CODE },
  },
  'healing.step_retried': {
    meaning: 'A step of the workflow failed and is tried again.',
    fields: { table: 'where it is about one', ...CODE, sqlstate: HEALED.sqlstate },
  },
  'healing.table_failed': {
    meaning: 'A table was given up, the job went on with the others; the code says why.',
    fields: { ...AT_TABLE, ...CODE },
  },
  'healing.taken_over': {
    meaning: 'The run gave no sign of life and was restarted.',
    fields: { epoch: 'number of the run', takeovers: 'how often by now' },
  },
  'healing.paused': { meaning: 'The job waits; the code says for what.', fields: CODE },
  'healing.probed': {
    meaning: 'The service looked whether the job can go on; it cannot, and the reason is another one.',
    fields: { ...CODE, sqlstate: HEALED.sqlstate },
  },
  'healing.resumed': {
    meaning: 'What the job waited for is there; it goes on by itself.',
    fields: { code: 'what it had waited for' },
  },
  'mapping.approved': {
    meaning: 'A person approved a version of a stored mapping. In the trail of that name, not of a job.',
    fields: {
      name: 'the mapping',
      version: 'the version that jobs use from now on',
      hash: 'SHA-256 of the mapping',
      origin: 'who thought of it: person, rules or model',
      author: 'who stored it',
      replaces: 'the version that was in force before',
    },
  },
  'mapping.retired': {
    meaning: 'A person took a stored mapping out of use. In the trail of that name, not of a job.',
    fields: { name: 'the mapping', replaces: 'the version that was in force before' },
  },
  'pair.dropped': {
    meaning: 'A person gave a pair of databases up. In the trail of that pair, not of a job.',
    fields: {
      pair: 'its name, which is that of its slot',
      source: 'what the source kept for it when the call began; null: it was not reached',
      target: 'what the target knew of it then, in counts; null: it was not reached',
    },
  },
  'database.uninstalled': {
    meaning: 'A person took the service out of a database. In the trail of that database, not of a job.',
    fields: {
      database: 'host, port and name',
      everything: 'its environments and the keys of its masks were removed too',
      had: 'what was kept there when the call began, in counts; its slots, publications and streams by name',
      job_secrets: 'ended jobs whose connections were forgotten',
      environments: 'names of those removed',
      mask_keys: 'how many keys were removed',
    },
  },
  'environment.put': {
    meaning: 'A person made an environment or changed it. In the trail of its name, not of a job.',
    fields: {
      name: 'the environment',
      revision: 'from 1',
      connection: 'host, port, database and user; no password',
      connected_at: 'when that connection was put',
      authorities:
        'SHA-256 fingerprints of the certificates by which its server is verified; none: those that the service knows',
      writable: 'and `protected`, `sends_to`, `receives_from`: its rules from now on',
    },
  },
  'environment.deleted': {
    meaning: 'A person is deleting an environment. In the trail of its name, not of a job.',
    fields: { name: 'the environment', revision: 'its last' },
  },
  'approval.asked': {
    meaning:
      'Somebody wanted to write to a protected environment. Told when it is decided, in the trail of the request.',
    fields: {
      approval_id: 'the request',
      digest: 'SHA-256 of config, pair and schedule',
      protected: 'the environments',
      source: 'host, port, database and user',
      target: 'the same of the target',
      schedule: 'of a schedule: name and when it runs',
    },
  },
  'approval.decided': {
    meaning: 'A second person approved that or said no. In the trail of the request, not of a job.',
    fields: { approval_id: 'the request', digest: 'of what was decided', state: '`approved` or `rejected`' },
  },
};

/** Every event type with its level, severity, meaning and fields: one place for documentation and for people. */
export const AUDIT_EVENTS = Object.fromEntries(
  Object.entries(MEANINGS).map(([type, m]) => [
    type,
    { level: levelOf(type as AuditEventType), severity: severityOf(type), ...m }, // keys of the record above
  ]),
) as Readonly<Record<AuditEventType, Meaning & { readonly level: string; readonly severity: string }>>; // fromEntries forgets them
