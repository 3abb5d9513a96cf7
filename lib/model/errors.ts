/**
 * The error list is the manual: each code, its HTTP status, what it means and what to do about it.
 *
 * A code is stable: clients and runbooks match on it. Messages never hold a secret, a row value or SQL text.
 */
const CATALOGUE = {
  // what the caller sent
  body_invalid_json: [
    400,
    'The body is not a JSON object.',
    'Send one JSON object, UTF-8, with content-type application/json.',
  ],
  body_invalid_utf8: [400, 'The body is not UTF-8 text.', 'Encode it as UTF-8.'],
  body_duplicate_key: [
    400,
    'An object of the body names a field twice.',
    'Name each field once: which of the two is meant nobody can tell.',
  ],
  body_forbidden_key: [400, 'An object of the body has a field __proto__.', 'Use another name.'],
  body_too_large: [413, 'The body is larger than 256 KiB.', 'Send a smaller body.'],
  body_too_deep: [400, 'The body is nested deeper than 20.', 'Send a flatter body.'],
  unsupported_media_type: [
    415,
    'The body is not application/json.',
    'Set content-type: application/json and send no content-encoding.',
  ],
  invalid_request: [
    400,
    'One or more fields are not as expected.',
    'See errors[]: each names its field, what was expected and what to do.',
  ],
  unknown_field: [400, 'A field has a name this API does not know.', 'Use the suggested name, or remove the field.'],
  required: [400, 'A required field is missing.', 'Add the field.'],
  type_mismatch: [400, 'A field has another JSON type than expected.', 'Send the type that the message names.'],
  type_integer: [400, 'A field must be a whole number.', 'Send a JSON integer, not text and not a fraction.'],
  type_string: [400, 'A field must be text.', 'Send a JSON string.'],
  out_of_range: [400, 'A number is outside its allowed range.', 'Use a number in the range that the message names.'],
  invalid_enum: [400, 'A field must be one of a fixed list of words.', 'Use one of the words that the message lists.'],
  connection_invalid: [
    400,
    'The connection string cannot be read.',
    'Use postgresql://user:password@host:port/database?sslmode=...',
  ],
  connection_scheme: [
    400,
    'The connection string is not a postgresql:// URL.',
    'Start it with postgresql:// or postgres://.',
  ],
  connection_port: [400, 'The port is not a number from 1 to 65535.', 'Give a valid port, or leave it out for 5432.'],
  connection_host_required: [400, 'The connection string has no host.', 'Name the host.'],
  connection_database_required: [400, 'The connection string has no database.', 'Add /database after the host.'],
  connection_user_required: [400, 'The connection string has no user.', 'Add user:password@ before the host.'],
  connection_param_not_allowed: [
    400,
    'The connection string has a parameter that is not allowed.',
    'Only sslmode, auth and region are accepted after the question mark.',
  ],
  connection_sslmode: [
    400,
    'The sslmode is not one this service knows.',
    'Use disable, prefer, require, verify-ca or verify-full.',
  ],
  connection_auth_invalid: [
    400,
    'The connection cannot sign in as its string says.',
    'Give a password, or auth=iam without one, and region= where the host is no endpoint of Amazon RDS.',
  ],
  ca_certificate_invalid: [
    400,
    'The certificates that a connection is to be verified by cannot be used.',
    'Send PEM certificates of authorities, ten at most, one of them valid now: of the authority that signed the certificate of the server.',
  ],
  connection_socket_not_allowed: [400, 'A Unix socket cannot be used.', 'Name a TCP host.'],
  connection_multihost: [400, 'The connection string names several hosts.', 'Name exactly one host.'],
  tls_required: [
    400,
    'This deployment only connects over verified TLS.',
    'Use sslmode=verify-full, or leave sslmode out.',
  ],
  same_database: [400, 'Source and target are the same database.', 'Name two different databases.'],
  cursor_invalid: [
    400,
    'The next_token was not issued by this API.',
    'Use next_token exactly as the previous page returned it.',
  ],
  range_invalid: [
    400,
    'A range of time cannot be used.',
    'Give from and to as ISO 8601 dates or instants, from before to, at most 10 years apart.',
  ],
  id_format: [400, 'An id or a name in the path is none of this API.', 'Use it as the service answered it.'],
  // who asks, and for what
  unauthenticated: [401, 'There is no valid token.', 'Send Authorization: Bearer <token>.'],
  forbidden: [
    403,
    'The role of this token does not allow this.',
    'Ask an administrator for the role that the message names.',
  ],
  origin_not_allowed: [
    403,
    'Without sign-in, a request from a page of another origin is not accepted.',
    'Use the pages of the service itself or the command line, or start the service with sign-in.',
  ],
  job_not_found: [404, 'There is no such job.', 'List the jobs with GET /api/sync/jobs.'],
  table_unknown: [
    404,
    'The job has no such table, or is not prepared yet.',
    'Use a table name as the job status lists it: schema.table.',
  ],
  conflict_not_found: [
    404,
    'There is no such conflict, or its job is too old to be looked at.',
    'List the conflicts with GET /api/sync/conflicts/{job_id}.',
  ],
  resolution_not_found: [
    404,
    'There is no such order to decide many conflicts.',
    'Use the status_url that the answer to resolve-all named.',
  ],
  mapping_not_found: [
    404,
    'There is no such stored mapping, or no such version of it.',
    'List them with GET /api/sync/mappings.',
  ],
  route_not_found: [404, 'There is no such path.', 'See GET /api/sync/openapi.json.'],
  method_not_allowed: [405, 'The path exists, but not with this method.', 'See the Allow header.'],
  conflict_stale: [
    409,
    'A side of the conflict is no longer what the decision was made on; nothing was written.',
    'Look at the fresh images in the answer and decide again.',
  ],
  already_resolved: [
    409,
    'The conflict is no longer open: somebody decided it, or both sides agree by now.',
    'See the conflict in the answer; a later difference is a new conflict.',
  ],
  decision_invalid: [
    422,
    'The decision does not fit the conflict.',
    'Name a side, or a side or a value for each column that differs.',
  ],
  count_changed: [
    409,
    'There are not as many as the caller expects, of open conflicts or pairs; nothing was done.',
    'Ask for a preview, look at what has changed, and repeat the call with its count as expected_count.',
  ],
  mapping_changed: [
    412,
    'The stored mapping is not as the caller has seen it (if-match); nothing was changed.',
    'Look at it again with GET /api/sync/mappings/{name}, and repeat the call with the etag of that.',
  ],
  mapping_not_approved: [
    409,
    'A job may only use the version of a mapping that a person has approved.',
    'Have a resolver approve it: POST /api/sync/mappings/{name}/approve.',
  ],
  mapping_approved: [
    409,
    'A version that is or was approved cannot be discarded.',
    'Approve another version in its place.',
  ],
  mapping_tampered: [
    500,
    'A stored mapping is not what was approved.',
    'Find out who can write the registry table; store the mapping again.',
  ],
  suggestion_failed: [503, 'The language model gave no usable answer.', 'Try again, or write it yourself.'],
  suggestion_empty: [
    422,
    'No table of the target looks like one of the source.',
    'Write the mapping yourself: docs/mappings.md.',
  ],
  suggestion_too_large: [
    422,
    'There are more tables or columns than are compared for one proposal.',
    'Name some tables of the target in tables.',
  ],
  sentence_not_understood: [
    422,
    'Neither the rules nor a language model have an expression for the sentence.',
    'Name columns as they are spelled (docs/suggestions.md), or write the expression yourself.',
  ],
  mapping_too_large: [422, 'A mapping is too large to be stored.', 'Cut it into several, by tables.'],
  job_stopped: [409, 'Somebody stopped the job.', 'Resume it to go on.'],
  config_changed: [
    409,
    'A job is resumed with the config it was started with.',
    'Resume without a config, or start a new job.',
  ],
  resume_expired: [
    409,
    'The job ended too long ago to be resumed: its checkpoints or its connections are gone.',
    'Start a new job.',
  ],
  target_busy: [409, 'Another job holds a target table.', 'Wait until the job that the message names has ended.'],
  // the databases, seen before any row moves
  host_not_allowed: [
    403,
    'This deployment does not connect to that host.',
    'Ask for the host in the parameter AllowedDatabaseHosts, of a webhook in AllowedWebhookHosts; loopback, link-local, metadata and multicast addresses are refused everywhere.',
  ],
  password_method: [
    422,
    'The server wants the password in a form that whoever listens could use.',
    "Use sslmode=verify-full, or SCRAM: set password_encryption = 'scram-sha-256' on the server and set the password again.",
  ],
  connection_unreachable: [
    422,
    'The database server cannot be reached.',
    'Check host, port, network path and firewall.',
  ],
  connection_auth_failed: [
    422,
    'The database server refused the user or password.',
    'Check user and password, and pg_hba.conf.',
  ],
  database_not_found: [422, 'The server has no database of that name.', 'Check the database name.'],
  tls_verify_failed: [
    422,
    'The server certificate could not be verified, or the server has no TLS.',
    'Check the certificate, its name and its issuer, or the sslmode.',
  ],
  server_unsupported: [
    422,
    'The server is older than PostgreSQL 14, or not PostgreSQL.',
    'Use PostgreSQL 14 or later on both sides.',
  ],
  source_read_only: [
    422,
    'The source is read-only or a standby, and this direction writes to it.',
    'Name the primary server, or use direction "source_to_target".',
  ],
  direction_unsupported: [
    422,
    'The job cannot carry changes in both directions under this config, or between these tables.',
    'Change what the message names, or use direction "source_to_target".',
  ],
  target_read_only: [422, 'The target is read-only or a standby.', 'Name the primary server.'],
  table_not_found: [
    422,
    'A table that the request names, or that the other side has, is not there.',
    'Check the name (schema.table), and that the role sees it.',
  ],
  tables_empty: [
    422,
    'The source has no table that this user may see.',
    'Check the database and the privileges of the source user.',
  ],
  column_not_found: [
    422,
    'A column that the request names, or that the other side has, is not there.',
    'Check the name of the column.',
  ],
  target_column_unmapped: [
    422,
    'A target column is NOT NULL, has no default and no source column.',
    'Give it a default, or drop NOT NULL.',
  ],
  target_column_generated: [
    422,
    'A column is generated in the target but plain in the source.',
    'Make both sides the same kind of column.',
  ],
  type_incompatible: [422, 'A column has another type in the target.', 'Give both columns the same type.'],
  type_lossy: [
    422,
    'A column is narrower in the target than in the source.',
    'Widen the target column, or set allow_lossy.',
  ],
  mapping_invalid: [
    422,
    'A column of a mapping cannot be made as the mapping says.',
    'See the message: it names the column, what was found and what would do.',
  ],
  mapping_key_missing: [
    422,
    'No unique key of the target is filled by the mapping.',
    'Fill all columns of a unique key of the target, or name key_columns.',
  ],
  mapping_key_fallible: [
    422,
    'A column of the key cannot be computed for every row.',
    'Make the key of values that are always there.',
  ],
  lookup_invalid: [
    422,
    'A lookup of a mapping cannot be read: no such table or column, values that repeat, or more than 10,000 rows.',
    'See the message; use a table whose match column is unique.',
  ],
  expression_invalid: [
    422,
    'An expression of a mapping is not understood, or has another type than its column.',
    'See the message: it names the character and the reason.',
  ],
  rule_invalid: [
    422,
    'A row rule cannot be applied as the config says it.',
    'See the message: it names the rule, its column and the reason.',
  ],
  mask_invalid: [
    422,
    'A mask does not fit the type of its column.',
    'Use one of the masks that the message names for the type.',
  ],
  mask_not_unique: [
    422,
    'A mask would give different values of a unique column the same one.',
    'Use a mask that keeps values apart, such as hash.',
  ],
  pii_unmasked: [
    422,
    'A column that holds personal data would arrive unmasked.',
    'Mask it in the mapping, or leave it out.',
  ],
  tables_contradiction: [
    422,
    'The config includes and excludes the same thing, or names it twice.',
    'Name each table and column once, on one list.',
  ],
  key_not_unique: [
    422,
    'The given key columns are not unique, or may be NULL.',
    'Name columns that are unique and NOT NULL on both sides.',
  ],
  filter_invalid: [
    422,
    'A row filter does not fit its table.',
    'Name an existing column, an operator, and a value of the column type.',
  ],
  project_invalid: [
    422,
    'A project does not fit its tables.',
    'Name the root table, the key of its rows, and columns that both sides have as they are.',
  ],
  project_unsupported: [
    422,
    'The config has an option that a project cannot keep to.',
    'Change what the message names; docs/projects.md says why.',
  ],
  project_not_found: [
    422,
    'Neither side has a root row of the project.',
    'Check the key; a project whose root is gone from the source alone is still accepted, and goes.',
  ],
  equality_invalid: [
    422,
    'A column cannot be compared the way the config says.',
    'Use "exact", or leave the column out of equality.',
  ],
  identifier_too_long: [
    422,
    'A name is longer than 63 bytes, which PostgreSQL would cut.',
    'Use the name as the catalog has it.',
  ],
  no_key: [
    422,
    'A table has no primary key and no unique index over NOT NULL columns.',
    'Add a primary key, name key_columns, or use detection_strategy "content", which compares whole rows.',
  ],
  key_mismatch: [
    422,
    'The key of the source is not unique and NOT NULL in the target.',
    'Give the target table the same primary key.',
  ],
  relation_kind_unsupported: [
    422,
    'A view, materialized view or foreign table cannot be a target.',
    'Create an ordinary table of that name in the target, or leave it out.',
  ],
  fk_cycle: [
    422,
    'Foreign keys over NOT NULL columns form a cycle between tables.',
    'Make a column of one of these foreign keys nullable, or use triggers: "suppress".',
  ],
  rls_partial_view: [
    422,
    'Row security hides rows of a table from this role.',
    'Use a role with BYPASSRLS, or the table owner.',
  ],
  uninstall_blocked: [
    409,
    'Something that is not of this service depends on tf_sync, or lies in it.',
    'Drop or move it (a view over tf_sync, a table in it); nothing was removed. Then uninstall again.',
  ],
  privilege_missing: [422, 'The database role lacks a privilege.', 'Run the GRANT statements that the message lists.'],
  timestamp_column_missing: [
    422,
    'The strategy needs a column that says when a row was last changed, and a table has none.',
    'Name it in timestamp_columns, exclude the table, or use another detection_strategy.',
  ],
  timestamp_column_type: [
    422,
    'The column that says when a row was last changed is no timestamp or date.',
    'Name a column of type timestamptz, timestamp or date in timestamp_columns.',
  ],
  log_unavailable: [
    422,
    'The strategy reads the log of the source, which does not tell its changes.',
    'Do what the message says, or use another detection_strategy.',
  ],
  replica_identity_missing: [
    422,
    'The log of the source does not tell which rows of a table are changed or deleted.',
    'Set REPLICA IDENTITY of the table as the message says, exclude the table, or use another detection_strategy.',
  ],
  source_standby: [
    422,
    'The strategy must see the open transactions of the source, and a standby does not show those of its primary.',
    'Name the primary server as the source, or use another detection_strategy.',
  ],
  option_not_supported: [
    422,
    'An option of the config has no meaning for the detection_strategy.',
    'Remove the option, or use a strategy that honours it.',
  ],
  conflict_rule_invalid: [
    422,
    'A rule for conflicts does not fit its table.',
    'Name an existing table and column, and a rule that the type of the column can follow.',
  ],
  conflict_strategy_unsupported: [
    422,
    'The conflict strategy needs something that the detection strategy or the table does not have.',
    'Use conflict_strategy "source_wins" there, another detection_strategy, or give the table a key.',
  ],
  newer_column_missing: [
    422,
    'newer_wins needs a column that says when a row was last changed, on both sides, and a table has none.',
    'Name it in conflict_rules.<table>.newer_column, or use another strategy for the table.',
  ],
  job_too_large: [
    422,
    'The job has more tables than this version carries.',
    'Split the database by schema into jobs of at most 2,000 tables.',
  ],
  // while a job runs
  confirm_required: [
    409,
    'The run would delete more rows than max_delete_percent allows; it waits before the first delete.',
    'Check the source. Resume with confirm_deletes set to the number in the message if the deletes are right, or stop the job.',
  ],
  nothing_to_retry: [
    409,
    'The job has put no row aside that could be tried again.',
    'GET /api/sync/quarantine/{job_id} lists what it has put aside; a dry run writes nothing.',
  ],
  rule_limit: [
    409,
    'More rows do not pass a rule than its limit allows; nothing was written.',
    'Mend the rows in the source and resume: they are counted again. Or stop the job, and start one with another limit.',
  ],
  rule_stopped: [
    409,
    'A row does not pass a rule that stops the job.',
    'Mend the row in the source and resume, or stop the job.',
  ],
  verification_failed: [
    409,
    'The final comparison found differences that no rule explains.',
    'Look at the tables named; run the sync again; with triggers: "fire" check the triggers of the target.',
  ],
  row_rejected: [
    409,
    'The target refused a row.',
    'See the constraint or SQLSTATE named; fix the row or the constraint, and run again.',
  ],
  target_moving: [
    409,
    'Target rows changed faster than they could be decided.',
    'Run again when the target is quieter.',
  ],
  trigger_interfered: [
    409,
    'A trigger in the target dropped or changed rows as they were written, and they could not be told apart.',
    'Use triggers: "suppress", or disable the trigger.',
  ],
  schema_changed: [
    409,
    'A table changed its definition while the job ran.',
    'Undo the change and resume the job, or stop it and start a new one.',
  ],
  epoch_superseded: [409, 'A newer run of this job has taken over.', 'Nothing: the newer run continues the work.'],
  state_conflict: [409, 'The job or order is not in a state that allows this.', 'Read its status first.'],
  source_unavailable: [
    503,
    'The source stopped answering.',
    'Check the source server; the work continues by itself after a retry.',
  ],
  target_unavailable: [
    503,
    'The target stopped answering.',
    'Check the target server; the work continues by itself after a retry.',
  ],
  schema_newer: [
    503,
    'Newer code has changed the tables in tf_sync in a way that this code does not know.',
    'Nothing during a deploy: the newer code goes on with the work. After a roll back, deploy the newer version again (docs/upgrade.md).',
  ],
  too_many_connections: [
    503,
    'The database server has no connection to spare, or this service has used up its budget of connections to it.',
    'Nothing: the work continues when a connection is free. To go faster, raise max_connections of the server and DatabaseConnectionBudget of the stack.',
  ],
  worker_lost: [
    500,
    'A segment got no answer from any worker in time.',
    'Look at the dead-letter queue and the worker log.',
  ],
  takeover_limit: [
    500,
    'The job was taken over too often without an end.',
    'Look at the worker log for the reason, then resume the job.',
  ],
  lock_timeout: [
    503,
    'Another session holds a lock that the service needs.',
    'End that session, or its transaction; the work continues by itself after a retry.',
  ],
  statement_timeout: [
    503,
    'A statement was cancelled, or took longer than it may.',
    'Look for locks, slow triggers or a loaded server; the work continues by itself after a retry.',
  ],
  disk_full: [503, 'A server has no space left.', 'Free or add space; the work continues by itself after a retry.'],
  quarantine_limit: [
    409,
    'More rows were refused than max_quarantined_rows allows.',
    'Look at the reasons in tf_sync.quarantine of the target; fix what they have in common and resume the job, or start a new one with a higher limit.',
  ],
  schedule_invalid: [
    400,
    'The expression of a schedule cannot be read, or names no time that is still to come.',
    'Use rate(5 minutes) or cron(minutes hours day-of-month month day-of-week year) as EventBridge Scheduler reads it: one of both days is "?".',
  ],
  timezone_unknown: [
    400,
    'The time zone is not known.',
    'Use a name of the IANA database, such as UTC or America/Chicago.',
  ],
  schedule_not_found: [404, 'There is no schedule of this name.', 'See GET /api/sync/schedules.'],
  pair_mismatch: [
    409,
    'The connections lead to another pair of databases than the one that was named; nothing was dropped.',
    'Look at the pair again without a name, and give the name that the answer shows.',
  ],
  schedule_busy: [
    409,
    'The schedule was changed by somebody else at the same time, or is being deleted.',
    'Look at it again, and repeat the change.',
  ],
  schedule_changed: [
    412,
    'The schedule is not as you have seen it (if-match); nothing was changed.',
    'Look at it again, and repeat the change with its new etag.',
  ],
  schedule_overlap: [
    409,
    'The run before, or another job over the same tables, is still at work.',
    'Wait for it, or let the schedule run less often; with overlap "queue" the run waits by itself.',
  ],
  webhook_not_found: [404, 'There is no webhook of this name.', 'See GET /api/sync/webhooks.'],
  webhook_changed: [
    412,
    'The webhook is not as you have seen it (if-match); nothing was changed.',
    'Look at it again, and repeat the change with its new etag.',
  ],
  webhook_busy: [
    409,
    'The webhook was changed by somebody else at the same time.',
    'Look at it again, and repeat the change.',
  ],
  webhook_url_invalid: [
    400,
    'The URL cannot be one of a webhook.',
    'Use https://, without user, password and #; AllowedWebhookHosts must allow its host.',
  ],
  webhook_unreachable: [
    502,
    'The receiver of a webhook gave no answer in time, or its certificate cannot be verified.',
    'Look at the receiver: it is asked again for 16 hours, then the notification lies in the queue of dead letters.',
  ],
  webhook_refused: [
    502,
    'The receiver of a webhook answered with another status than 2xx.',
    'Look at the receiver, and at the clock and the secret that it checks signatures with; redirects are not followed.',
  ],
  idempotency_key_invalid: [
    400,
    'The Idempotency-Key cannot be used.',
    'Send 1 to 255 printable characters, a UUID for example.',
  ],
  idempotency_mismatch: [
    422,
    'The Idempotency-Key was used for another call.',
    'Use a new key for each new call, and repeat a call with exactly its body.',
  ],
  idempotency_in_flight: [
    409,
    'A call with this Idempotency-Key is at work.',
    'Wait a few seconds, and repeat the call.',
  ],
  pair_not_found: [404, 'There is no pair of this name.', 'See GET /api/sync/pairs.'],
  pair_changed: [412, 'The pair is not as you have seen it.', 'Look at it again, and send its etag in if-match.'],
  order_not_found: [404, 'There is no such order over pairs.', 'See GET /api/sync/fleet.'],
  environment_not_found: [404, 'There is no environment of this name.', 'See GET /api/sync/environments.'],
  environment_changed: [
    412,
    'The environment is not as you have seen it.',
    'Look at it again, and repeat the change with its new etag.',
  ],
  environment_in_use: [
    409,
    'A schedule names the environment.',
    'Delete or change the schedules that the message names.',
  ],
  environment_moved: [
    409,
    'Where an environment leads there is another database than when it was put.',
    'If that is meant, an admin puts the connection of the environment again.',
  ],
  environment_read_only: [
    403,
    'The environment may not be written to.',
    'Choose another target; or an admin makes the environment writable.',
  ],
  direction_not_allowed: [
    403,
    'Rows of the one environment may not go into the other.',
    'Choose another pair; or an admin changes sends_to and receives_from of the environments.',
  ],
  approval_required: [
    409,
    'Writing to a protected environment needs the approval of a second person.',
    'Ask somebody else to decide it: POST /api/sync/approvals/{approval_id}/approve. Then repeat exactly this call.',
  ],
  approval_rejected: [
    409,
    'A second person has said no.',
    'Ask them why; another config, or the same after expires_at, is a new request.',
  ],
  approval_not_found: [404, 'There is no such request for approval.', 'See GET /api/sync/approvals.'],
  approval_decided: [
    409,
    'The request for approval is not open any more: decided, used or expired.',
    'Whoever wants the work done repeats the call, which asks anew.',
  ],
  approval_by_requester: [
    403,
    'Nobody approves what they have asked for themselves.',
    'Ask a second person; their token must have another sub.',
  ],
  secret_missing: [
    409,
    'A secret of the job is gone: its connections, or the key of its masks.',
    'Start a new job; this one can neither go on nor be resumed.',
  ],
  execution_too_large: [
    500,
    'A step planned more than one execution of the workflow carries.',
    'Tell whoever maintains the service: job, number of tables and this code.',
  ],
  unavailable: [503, 'A part of the service does not answer.', 'See GET /api/sync/health.'],
  internal: [500, 'Something unexpected happened.', 'Give the request_id to whoever runs the service.'],
} as const satisfies Record<string, readonly [status: number, meaning: string, remedy: string]>;

export type ErrorCode = keyof typeof CATALOGUE;

export interface ErrorEntry {
  readonly status: number;
  readonly meaning: string;
  readonly remedy: string;
}

/** All codes with HTTP status, meaning and remedy, in the order of the manual. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorEntry>> = Object.fromEntries(
  Object.entries(CATALOGUE).map(([code, [status, meaning, remedy]]) => [code, { status, meaning, remedy }]),
) as Record<ErrorCode, ErrorEntry>; // fromEntries forgets the key type

/** One thing that is wrong: which field or object, what was found, what to do. Safe to show to a caller. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  /** JSON Pointer into the request body or query, where one field is to blame. */
  readonly field?: string;
  readonly side?: 'source' | 'target';
  /** `schema.table`, `schema.table.column` or another catalog name. */
  readonly object?: string;
  readonly hint?: string;
}

/**
 * The one error class. `message` and `facts` are safe to show and to log; what a driver said stays in `cause`.
 *
 * `problems` holds everything that is wrong at once, for answers to bad input.
 */
export class SyncError extends Error {
  readonly code: ErrorCode;
  readonly facts: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly problems: readonly Problem[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; facts?: SyncError['facts']; problems?: readonly Problem[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SyncError';
    this.code = code;
    this.facts = options.facts ?? {};
    this.problems = options.problems ?? [];
  }
}

/** An error as a problem of what the caller sent, with the remedy that it brought itself. */
export function asProblem({ code, message, problems }: SyncError, at: Pick<Problem, 'field' | 'side'>): Problem {
  const hint = problems[0]?.hint;
  return { code, message, ...at, ...(hint !== undefined && { hint }) };
}

/**
 * One error for many problems. Its code is that of the first: for one problem that says it all, for many it decides the
 * HTTP status, and `errors[]` names the rest.
 */
export function problemsError(problems: readonly Problem[]): SyncError {
  const [first] = problems;
  if (!first) throw new TypeError('problemsError needs at least one problem');
  const sameStatus = problems.every((p) => ERRORS[p.code].status === ERRORS[first.code].status);
  return new SyncError(
    sameStatus ? first.code : 'invalid_request',
    problems.length === 1 ? first.message : `${problems.length} problems; see errors[].`,
    { problems },
  );
}
