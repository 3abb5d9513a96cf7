/**
 * `tf_sync` in the target: everything that decides what happened, beside the rows it happened to.
 *
 * job: every chunk locks its row shared and requires its own epoch; raising the epoch waits for those chunks.
 * lease_turn: which job had a table's lease last; whoever resumes sees whether another has been there.
 * quarantine: rows that the target refused, by key. checkpoint: a row per segment and pass, created by Prepare alone. outbox: what DynamoDB must learn. job_stream: number of the job's last event, in a row of
 * its own so that an event does not wait for chunks in flight. told: what steps that may run twice have told. pair_table, baseline: which rows came from the source; a row
 * per bucket, and no foreign key between the two, whose check would cost more than the row. base_row: what both sides had at
 * the last decision, where a conflict strategy asks; keyed by 128 bits of the key. s, t: prints of source and target (16 bytes
 * of the row, 8 of each column); empty where the side had no row, t null where it had the same as the source, s null where
 * nothing is known. table_shape: what both sides of a table of a pair looked like to the last job, and to the one before.
 * conflict: what waits for a decision, and what was decided; told: the version that the store has.
 *
 * A job that writes to both sides has its row, its leases and its owners of segments (in checkpoint) in the source as well.
 * intent: in the target, rows that the source is to get: what it had (before) and is to have (after, a print), empty where there is
 * no row. written_back: in the source, intents that were applied there.
 *
 * change_stream: how far the log of a source was drained (strategy cdc); change_table: the tables it tells of, changed_key: keys of
 * their rows that changed and wait for a job. No foreign key on the last: its check would cost more than the row.
 * round: how far a job has come that follows the log until it is stopped; round_count: what its rounds came to, by table.
 *
 * All of it at the newest version. A change of a table that an earlier version made is a line of migrations.ts as well; a table
 * that is new is one line there without statements.
 */
export const TABLES = `
  create schema if not exists tf_sync;
  create table if not exists tf_sync.schema_version (
    version int primary key, applied_at timestamptz not null default now(), service text, what text);
  create table if not exists tf_sync.job (
    job_id uuid primary key, epoch int not null, tables jsonb not null default '[]', prepared boolean not null default false,
    ended boolean not null default false, created_at timestamptz not null default now());
  create table if not exists tf_sync.table_plan (
    job_id uuid not null references tf_sync.job on delete cascade, table_no int not null, plan jsonb not null,
    primary key (job_id, table_no));
  create table if not exists tf_sync.checkpoint (
    job_id uuid not null references tf_sync.job on delete cascade, stream text not null, table_no int not null, pass text not null,
    segment_no int not null, segment jsonb not null, epoch int not null, owner text, seq int not null default 0,
    cursor jsonb not null default '{"through": -1, "credit": 0}', counts jsonb not null default '{}',
    written int8multirange not null default '{}', extra int8multirange not null default '{}', to_delete int8 not null default 0, unexplained int8 not null default 0, in_flight int8 not null default 0,
    samples jsonb not null default '{}',
    finished boolean not null default false, updated_at timestamptz not null default now(),
    primary key (job_id, stream));
  create table if not exists tf_sync.outbox (
    job_id uuid not null, stream text not null, seq int not null, event jsonb not null, primary key (job_id, stream, seq));
  create table if not exists tf_sync.job_stream (job_id uuid primary key references tf_sync.job on delete cascade, seq int not null default 0);
  create table if not exists tf_sync.told (
    job_id uuid not null references tf_sync.job on delete cascade, what text not null, primary key (job_id, what));
  create table if not exists tf_sync.quarantine (
    job_id uuid not null references tf_sync.job on delete cascade, table_no int not null, key text[] not null, code text not null,
    sqlstate text, object text, at timestamptz not null default now(), primary key (job_id, table_no, key));
  create table if not exists tf_sync.lease (
    table_schema text not null, table_name text not null, job_id uuid not null, taken_at timestamptz not null default now(),
    primary key (table_schema, table_name));
  create table if not exists tf_sync.watermark (
    table_schema text not null, table_name text not null, pair text not null, horizon timestamptz not null, job_id uuid not null,
    updated_at timestamptz not null default now(), primary key (table_schema, table_name, pair));
  create table if not exists tf_sync.quiet (
    table_schema text not null, table_name text not null, pair text not null, signals jsonb not null, compared_at timestamptz not null,
    runs int not null, rows int8 not null, kept int8 not null, job_id uuid not null, primary key (table_schema, table_name, pair));
  create sequence if not exists tf_sync.generation as int;
  create table if not exists tf_sync.pair_table (
    id int primary key, source_system text not null, source_database text not null, source_schema text not null, source_name text not null,
    target_schema text not null, target_name text not null, scope text not null, stamp text not null, layout jsonb not null,
    whole boolean not null default false, created_at timestamptz not null default now(), base int, base_stamp text);
  create table if not exists tf_sync.baseline (
    pair_table int not null, segment int not null, bucket int not null, rows int not null, hash int8, keys int8[] not null,
    primary key (pair_table, segment, bucket));
  create table if not exists tf_sync.base_row (
    base int not null, k int8 not null, k2 int8 not null, s bytea, t bytea, image text[], primary key (base, k, k2));
  create table if not exists tf_sync.conflict (
    conflict_id text primary key, pair text not null, table_schema text not null, table_name text not null, key text[] not null,
    state text not null, seen_by uuid not null, version int8 not null, told int8 not null default 0, data jsonb not null);
  create index if not exists conflict_open on tf_sync.conflict (table_schema, table_name) where state = 'open';
  create index if not exists conflict_untold on tf_sync.conflict (seen_by) where version > told;
  create table if not exists tf_sync.table_shape (
    pair text not null, table_schema text not null, table_name text not null, job_id uuid not null, shape jsonb not null,
    earlier_job uuid, earlier jsonb, primary key (pair, table_schema, table_name));
  create table if not exists tf_sync.lease_turn (
    table_schema text not null, table_name text not null, job_id uuid not null, turn int8 not null, primary key (table_schema, table_name));
  create table if not exists tf_sync.intent (
    job_id uuid not null references tf_sync.job on delete cascade, id int8 generated always as identity, stream text not null,
    key text[] not null, before text, after bytea, merged boolean not null default false, counted boolean not null default true,
    primary key (job_id, stream, key));
  create table if not exists tf_sync.written_back (
    job_id uuid not null references tf_sync.job on delete cascade, stream text not null, intent int8 not null,
    primary key (job_id, intent));
  create table if not exists tf_sync.change_stream (
    stream text primary key, made int not null, drains int8 not null, drained pg_lsn not null, updated_at timestamptz not null default now());
  create table if not exists tf_sync.change_table (
    id int generated always as identity primary key, stream text not null references tf_sync.change_stream on delete cascade,
    table_schema text not null, table_name text not null, key_columns text[] not null, stamp text, dirty int8);
  create unique index if not exists change_table_name on tf_sync.change_table (stream, table_schema, table_name);
  create table if not exists tf_sync.changed_key (
    change_table int not null, key text[] collate "C" not null, drain int8 not null, primary key (change_table, key));
  create table if not exists tf_sync.round (
    job_id uuid primary key references tf_sync.job on delete cascade, planned int not null, settled int not null, drains int8 not null,
    rows int8 not null, reached pg_lsn not null, reached_at timestamptz not null, applied pg_lsn, applied_at timestamptz, settled_at timestamptz);
  create table if not exists tf_sync.round_count (
    job_id uuid not null references tf_sync.job on delete cascade, table_no int not null, counts jsonb not null, primary key (job_id, table_no));`;
