import type { Approval } from './model/approval.ts';
import type { AuditBlock, AuditEvent, AuditRoot, FoundBlock, TrailHead } from './model/audit-event.ts';
import type { AuditLevel } from './model/audit-view.ts';
import type { Adoption, BaselineChanges, Generation, PairTable } from './model/baseline.ts';
import type {
  BucketRun,
  BucketSum,
  Change,
  FetchedRows,
  Fingerprint,
  KeyedFingerprint,
  ReadRow,
  RowImage,
  RowKey,
  StampedRow,
} from './model/change.ts';
import type {
  DrainedKeys,
  Lsn,
  PlannedChanges,
  StreamFacts,
  StreamState,
  StreamTable,
  TableState,
} from './model/change-stream.ts';
import type {
  Advance,
  Applied,
  Checkpoint,
  JobEvent,
  Position,
  Progress,
  QuarantinedRow,
  SegmentId,
} from './model/checkpoint.ts';
import type { Conflict, ConflictFilter, ConflictQuery, ConflictState, DecisionRecord } from './model/conflict.ts';
import type { Connection, ServerFacts, ServerIdentity, Side } from './model/connection.ts';
import type { Environment } from './model/environment.ts';
import type { KeptPair, PairJob } from './model/fleet.ts';
import type { FleetItem, FleetOrder, FleetPage } from './model/fleet-order.ts';
import type { Reached, Rounds } from './model/following.ts';
import type { BackChange, BackDraft, Intent, SettledIntents } from './model/intent.ts';
import type { Counts, Job, JobState, JobTable, Pass, SegmentProgress } from './model/job.ts';
import type { Mapping } from './model/mapping.ts';
import type { MappingApprovals } from './model/mapping-state.ts';
import type { MergedRow, MergeRow } from './model/merge.ts';
import type { JobInput, SegmentMessage } from './model/message.ts';
import type { Figures } from './model/metrics.ts';
import type { Untold } from './model/notice.ts';
import type { ConflictTally, Notification } from './model/notification.ts';
import type { PairNotes, PairSourceTraces, PairTraces } from './model/pair.ts';
import type { ChangeMessage } from './model/pgoutput.ts';
import type { BasePrints, FiledBase, KeyedPrint } from './model/print.ts';
import type { ReferringColumns, RootRows, ScopeSide, Unindexed } from './model/project.ts';
import type { QuarantinePlace, StoredQuarantine } from './model/quarantine.ts';
import type { QuietKey, QuietMemory, QuietNote, TouchSignal } from './model/quiet.ts';
import type { Resolution as BulkResolution, FrozenPage, ListedConflict } from './model/resolution.ts';
import type { RowCode } from './model/row-code.ts';
import type { Schedule } from './model/schedule.ts';
import type { StoredValidation } from './model/schema-check.ts';
import type { Secret } from './model/secret.ts';
import type { SlotFacts } from './model/slot.ts';
import type { MappingHead, MappingVersion } from './model/stored-mapping.ts';
import type {
  FingerprintForm,
  PlannedColumn,
  Relation,
  RelationName,
  Segment,
  TablePlan,
  Watermark,
  Window,
} from './model/table.ts';
import type { EarlierShape, ShapePair, TableShape } from './model/table-shape.ts';
import type { DatabaseTraces } from './model/uninstall.ts';
import type { Usage, UsageRecord } from './model/usage.ts';
import type { DeliveryMessage, Webhook, WebhookDelivery, WebhookSecret } from './model/webhook.ts';

/** The time, so that tests can set it. */
export type Clock = () => Date;

/** Fields of a job to be set, or, where undefined, removed. */
export type JobPatch = { readonly [K in keyof Omit<Job, 'job_id' | 'config'>]?: Job[K] | undefined };

/** Which jobs a list wants. `cursor` is what an earlier page returned. */
export interface JobQuery {
  readonly limit: number;
  readonly state?: JobState;
  readonly cursor?: string;
}

/**
 * Jobs, their tables and segments, as DynamoDB keeps them: what is wanted, and a mirror of what happened.
 *
 * Every write is one conditional item write; none relies on a clock. Throws `unavailable` when the store does not answer.
 */
export interface JobStore {
  /** Stores a new job. A second call with the same job is a no-op; another job under the same id throws `state_conflict`. */
  create(job: Job): Promise<void>;
  /** Strongly consistent. */
  get(jobId: string): Promise<Job | undefined>;
  /** Newest first; eventually consistent. Throws `cursor_invalid`. */
  list(query: JobQuery): Promise<{ jobs: readonly Job[]; cursor?: string }>;
  /** All jobs that need looking after, from their creation until they are forgotten; eventually consistent. */
  listToSweep(): Promise<readonly Job[]>;
  /** The job, if it is still of this epoch, needs no looking after any more. It stays in every other list. */
  forget(jobId: string, epoch: number): Promise<void>;
  /**
   * Changes a job if it is still in one of `from` with `epoch`; returns the changed job, or undefined when it is not.
   * `patch` may raise the epoch; a field that is undefined in it is removed. A lost reply of our own write counts as
   * success.
   */
  transition(
    jobId: string,
    expected: { readonly from: readonly JobState[]; readonly epoch: number },
    patch: JobPatch,
  ): Promise<Job | undefined>;
  /** A sign of life; ignored when the job has moved to another epoch, or has given one within the minute before. */
  heartbeat(jobId: string, epoch: number, at: string): Promise<void>;
  /** Stores or replaces tables of a job. */
  putTables(tables: readonly JobTable[]): Promise<void>;
  /** In table order. */
  tables(jobId: string): Promise<readonly JobTable[]>;
  /** One of them; one item is read, however many there are. */
  table(jobId: string, table: number): Promise<JobTable | undefined>;
  /** Stores or replaces what a job found in the catalogs, one entry a table. */
  putValidations(validations: readonly StoredValidation[]): Promise<void>;
  validation(jobId: string, table: number): Promise<StoredValidation | undefined>;
  /** Mirrors progress; older progress (lower epoch, or same epoch and lower seq) is ignored. */
  putProgress(progress: SegmentProgress): Promise<void>;
  progress(jobId: string): Promise<readonly SegmentProgress[]>;
}

/** What jobs used. */
export interface UsageLedger {
  /** Everything so far; undefined where nothing was counted. */
  of(jobId: string): Promise<UsageRecord | undefined>;
  /** Stores what a job would use that does what this one only looked at. */
  estimate(jobId: string, estimate: Usage): Promise<void>;
}

/** Blocks of a trail in its order; `more`: there are further ones behind them. */
export interface BlockPage {
  readonly blocks: readonly FoundBlock[];
  readonly more: boolean;
}

/**
 * The audit trails, one per job: blocks of events that are added and never changed, and, kept apart from them, where each
 * trail stands and what seals it. How they are written is in lib/audit/trail.ts. Reads are strongly consistent.
 */
export interface AuditLog {
  /** The stored head; that of an empty trail where there is none. */
  head(jobId: string): Promise<TrailHead>;
  /** Stores a head; ignored where the stored one is as far already. */
  moveHead(jobId: string, head: TrailHead): Promise<void>;
  /** Adds a block at the place of its first event. False: another block has it. Our own, whose reply was lost, counts. */
  add(block: AuditBlock): Promise<boolean>;
  /** Blocks that begin behind event `after`; at most `limit`, and as many as one read holds. */
  blocks(jobId: string, after: number, limit?: number): Promise<BlockPage>;
  /** Stores what seals the trail; there may be several, because a job that is resumed ends again. */
  seal(jobId: string, root: AuditRoot): Promise<void>;
  /** In the order of the trail. */
  roots(jobId: string): Promise<readonly AuditRoot[]>;
}

/** What the registry keeps of a job whose time was up. No name of a person. */
export interface ErasedJob extends Pick<Job, 'job_id' | 'mode' | 'state' | 'created_at'> {
  readonly audit_level: AuditLevel;
  readonly kept_days: number;
  readonly ended_at: string;
  /** When its deletion began. */
  readonly begun_at: string;
  /** What had sealed its audit trail. */
  readonly root?: AuditRoot;
}

/** What retention needs: jobs by age, and real deletion. Everything may be repeated. */
export interface JobArchive {
  /** Jobs created up to this instant, oldest first, a page of them. */
  oldest(before: string, cursor?: string): Promise<{ readonly jobs: readonly Job[]; readonly cursor?: string }>;
  /** Notes in the registry that a job is being deleted; a note that is there stays. */
  begin(erased: ErasedJob): Promise<void>;
  /** Jobs whose deletion was begun and is not finished. */
  begun(): Promise<readonly string[]>;
  /** Deletes the trail, its roots, and every item of the job; the job itself last. */
  erase(jobId: string): Promise<void>;
  /** Notes in the registry that it is done. */
  finish(jobId: string, at: string): Promise<void>;
}

/**
 * The queue of conflicts as people see it: a mirror of what stands in the target's `tf_sync.conflict`, repaired from there
 * and never the other way round. Every write is one conditional item write.
 */
export interface ConflictStore {
  /**
   * Stores or refreshes conflicts by their id; a version that is not newer than the stored one is ignored, so that putting
   * again changes nothing.
   */
  put(conflicts: readonly Conflict[]): Promise<void>;
  /** Strongly consistent. */
  get(conflictId: string): Promise<Conflict | undefined>;
  /** The same for many, by id; those that are not there are left out. */
  getMany(conflictIds: readonly string[]): Promise<ReadonlyMap<string, Conflict>>;
  /** Oldest first; eventually consistent. Throws `cursor_invalid`. */
  list(query: ConflictQuery): Promise<{ readonly conflicts: readonly Conflict[]; readonly cursor?: string }>;
  /** `most`: it may stop there, and answers that or more. */
  count(filter: ConflictFilter, most?: number): Promise<number>;
  /**
   * Stores a conflict that is no longer open if the stored one is, or is the same; answers what is stored afterwards, so of
   * two that decide at once both learn who was first.
   */
  resolve(conflict: Conflict): Promise<Conflict>;
  /** When the newest open conflict of a job was opened (`opened_at`); undefined: it has none. */
  newestOpen(jobId: string): Promise<string | undefined>;
  /** Whether an open conflict was seen last by this job, so that its connections are needed to decide it. */
  needs(jobId: string): Promise<boolean>;
}

/** Orders to decide many conflicts, and how far they have come. Every write is one conditional item write. */
export interface ResolutionStore {
  /** A second call with the same id is a no-op. */
  create(resolution: BulkResolution): Promise<void>;
  /** Strongly consistent. */
  get(resolutionId: string): Promise<BulkResolution | undefined>;
  /** Replaces a resolution if the stored one is of the seq before; false: another step was faster. */
  advance(resolution: BulkResolution): Promise<boolean>;
  /** A page of the frozen list, and where the next one begins. One that is there stays as it is; answers what is stored. */
  freeze(resolutionId: string, page: number, frozen: FrozenPage): Promise<FrozenPage>;
  page(resolutionId: string, page: number): Promise<readonly ListedConflict[]>;
  /** Those that have not ended; eventually consistent. */
  unfinished(): Promise<readonly BulkResolution[]>;
}

/** The queue of resolutions that have a step to do. */
export interface ResolutionQueue {
  /** `delaySeconds`: nobody receives it before that; 0 to 900. */
  send(resolutionId: string, delaySeconds?: number): Promise<void>;
}

/**
 * Named mappings in numbered versions that never change, and, kept apart under other rights, who approved which. Every write
 * is one conditional item write. How they work together is in lib/orchestrator/mappings.ts.
 */
export interface MappingStore {
  /** In name order; `latest` may lag behind a version that is being stored. */
  names(): Promise<readonly MappingHead[]>;
  /** Number of the newest version, also of one that was discarded; 0: there is none. Strongly consistent. */
  latest(name: string): Promise<number>;
  /** Undefined also for a draft that was discarded. Strongly consistent. */
  get(name: string, version: number): Promise<MappingVersion | undefined>;
  /** Stores a version where there is none; false: its number is taken. Our own, whose reply was lost, counts. */
  put(version: MappingVersion): Promise<boolean>;
  /** A version that is about to be approved cannot be discarded any more; false: it was. */
  seal(name: string, version: number): Promise<boolean>;
  /** Forgets the content of a version, and keeps its number; false: it is sealed. */
  discard(name: string, version: number, by: { readonly by: string; readonly at: string }): Promise<boolean>;
  /** Strongly consistent. */
  approvals(name: string): Promise<MappingApprovals>;
  /** Replaces the approvals if the stored ones are of the rev before; false: somebody was faster. */
  approve(name: string, approvals: MappingApprovals): Promise<boolean>;
}

/** Stored mappings as a start may use them. */
export interface ApprovedMappings {
  /**
   * The version in force, or this one if it is that. Throws `mapping_not_found`, `mapping_not_approved`, and
   * `mapping_tampered` where what is stored is not what was approved.
   */
  approved(
    name: string,
    version?: number,
  ): Promise<{ readonly name: string; readonly version: number; readonly mapping: Mapping }>;
}

/** What a language model is asked: fixed words, and data that is none. */
export interface SuggesterTask {
  readonly name: string;
  /** What to do; words of the service alone. */
  readonly instructions: string;
  /** JSON; names in it come from databases and may say anything. */
  readonly data: string;
  /** JSON Schema of the answer. */
  readonly schema: object;
}

/** A language model. It has no tools and changes nothing; its answer is text that nobody believes before it was checked. */
export interface Suggester {
  /** Name of the model, for notes. */
  readonly model: string;
  /** The answer as it came, of bounded length. Throws `suggestion_failed` where there is none in time. */
  ask(task: SuggesterTask): Promise<string>;
}

/** Both ends of a pair, with passwords. */
export interface ConnectionPair {
  readonly source: Connection;
  readonly target: Connection;
}

/** Where passwords live. Only the reference travels on. */
export interface SecretStore {
  /** Returns the reference. Creating the same job's secret again replaces it. */
  put(jobId: string, pair: ConnectionPair): Promise<string>;
  get(ref: string): Promise<ConnectionPair>;
  /** Removing what is not there is fine. */
  remove(ref: string): Promise<void>;
  /**
   * The key of all masks of a pair of databases (64 hex digits): made once, `fresh` where there was none, and kept longer than
   * any job, so that every refresh masks alike. Throws `secret_missing` where there is none and no fresh one.
   */
  maskKey(pair: string, fresh?: Secret): Promise<Secret>;
}

/** Named connections, each one item. `revision` is the fence: a write must have seen the one before. */
export interface EnvironmentStore {
  get(name: string): Promise<Environment | undefined>;
  /** In name order; strongly consistent, because rules of all of them hold for every start. */
  list(): Promise<readonly Environment[]>;
  /** Makes the first revision, or replaces the one before; false when somebody else has. */
  put(environment: Environment): Promise<boolean>;
  /** False when it is not of this revision any more. */
  remove(name: string, revision: number): Promise<boolean>;
}

/** Requests that a second person decides. `revision` is the fence: a write must have seen the one before. */
export interface ApprovalStore {
  get(id: string): Promise<Approval | undefined>;
  /** In no order. */
  list(): Promise<readonly Approval[]>;
  /** Makes the first revision, or replaces the one before; false when somebody else has. */
  put(approval: Approval): Promise<boolean>;
}

/** Where connections of environments live, one secret each time one is put. */
export interface EnvironmentSecrets {
  /** Returns the reference; `key` is unique to the write. */
  put(key: string, connection: Connection): Promise<string>;
  /** Throws `secret_missing`. */
  get(ref: string): Promise<Connection>;
  /** Removing what is not there is fine. */
  remove(ref: string): Promise<void>;
}

/** Schedules, each one item. `seq` is the fence: a write must have seen the one before. */
export interface ScheduleStore {
  get(name: string): Promise<Schedule | undefined>;
  /** In name order. */
  list(): Promise<readonly Schedule[]>;
  /** Those that want care, and perhaps others. */
  listToTend(): Promise<readonly Schedule[]>;
  /** False when the name is taken. */
  create(schedule: Schedule): Promise<boolean>;
  /** Replaces the one whose seq is one less; false when somebody else has. */
  advance(schedule: Schedule): Promise<boolean>;
  remove(name: string): Promise<void>;
}

/** What jobs have to tell and nobody has published yet. The job store notes it; see lib/notifications/notice.ts. */
export interface NoticeStore {
  /** Jobs that have something to tell; eventually consistent. */
  due(): Promise<readonly string[]>;
  /** Strongly consistent; undefined: there is nothing to tell. */
  untold(jobId: string): Promise<Untold | undefined>;
  /**
   * Forgets these notices, and none that came behind them; notes the epoch for which a lag was told. Repeatable; false where
   * somebody else has told them meanwhile.
   */
  told(untold: Untold, lagTold?: number): Promise<boolean>;
  /** Conflicts that the job opened and nobody has decided. */
  conflicts(jobId: string): Promise<ConflictTally>;
}

/** The bus that notifications leave the service on. */
export interface EventBus {
  /** In this order. Throws `unavailable` unless the bus has taken every one. */
  publish(notifications: readonly Notification[]): Promise<void>;
}

/** Webhooks, each one item. `seq` is the fence: a write must have seen the one before. */
export interface WebhookStore {
  get(name: string): Promise<Webhook | undefined>;
  /** In name order. */
  list(): Promise<readonly Webhook[]>;
  /** False when the name is taken. */
  create(webhook: Webhook): Promise<boolean>;
  /** Replaces the one whose seq is one less, but not what became of its deliveries; false when somebody else has. */
  advance(webhook: Webhook): Promise<boolean>;
  remove(name: string): Promise<void>;
  /** Notes what became of a delivery; ignored where there is no such webhook any more. */
  note(name: string, delivery: WebhookDelivery): Promise<void>;
}

/** Where webhooks lead and what they are signed with. */
export interface WebhookSecrets {
  /** Stores a new secret; the reference is its name. */
  create(webhook: string, content: WebhookSecret): Promise<string>;
  /** Throws `secret_missing`. */
  get(ref: string): Promise<WebhookSecret>;
  /** Repeatable. */
  remove(ref: string): Promise<void>;
}

/** The queue of deliveries: one message for each notification and webhook. */
export interface DeliveryQueue {
  send(deliveries: readonly DeliveryMessage[]): Promise<void>;
}

/** What is posted, as it goes over the wire. */
export interface Posting {
  readonly url: Secret;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Posts to a host that the deployment allows, over one connection to an address that was checked, and follows nothing.
 * Answers the status; throws `host_not_allowed`, or `webhook_unreachable` with a reason of one word.
 */
export type Post = (posting: Posting) => Promise<{ readonly status: number }>;

/** The clock that fires schedules. Both are repeatable. */
export interface AlarmClock {
  /** Sets, or sets anew, when the schedule fires. `from`: not before this, ISO 8601. */
  set(schedule: Schedule, from: string): Promise<void>;
  remove(name: string): Promise<void>;
}

export type ExecutionState = 'running' | 'ended' | 'missing';

/** The workflow engine. */
export interface Workflow {
  /** Starts the execution `job-<id>-e<epoch>`; starting it again is a no-op. */
  start(input: JobInput): Promise<void>;
  state(input: JobInput): Promise<ExecutionState>;
  /** Ends an execution and its children from outside; one that is not running stays as it is. */
  stop(input: JobInput, cause: string): Promise<void>;
  /** Answers a task; a token that is no longer waited for is ignored. */
  succeed(taskToken: string, output: object): Promise<void>;
  fail(taskToken: string, error: string, cause: string): Promise<void>;
  /** Tells that the task is still being worked on. False: nobody waits for it any more. */
  beat(taskToken: string): Promise<boolean>;
}

/** The segment queue, as a worker needs it. */
export interface SegmentQueue {
  /** `delaySeconds`: nobody receives it before that; 0 to 900. */
  send(message: SegmentMessage, delaySeconds?: number): Promise<void>;
  /** Keeps a received message from other workers for `seconds` more, counted from now. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
}

/** One JSON line per call. `fields` hold ids, codes and counts; never a row value or a secret. `figures` are metrics too. */
type Tell = (message: string, fields?: Readonly<Record<string, unknown>>, figures?: Figures) => void;
export interface Log {
  readonly info: Tell;
  readonly warn: Tell;
  readonly error: Tell;
}

/** What a look at some rows of a segment needs: pages in the source, look-ups by key in the target. */
export interface WindowReader {
  /** The first `limit` rows of a window behind a position, in the order of its part; within `runs` where given. */
  page(window: Window, at: Position, limit: number, runs?: readonly BucketRun[]): Promise<readonly StampedRow[]>;
  /** Those of the keys whose rows are in the window, or in its rest. */
  inWindow(window: Window, keys: readonly RowKey[]): Promise<readonly RowKey[]>;
  /** Those of the keys that exist, filtered or not, with the fingerprints of all mapped columns; of a source within its project. */
  fingerprints(keys: readonly RowKey[]): Promise<readonly KeyedFingerprint[]>;
  /** Those of the keys whose rows exist and pass the plan's filters. */
  passing(keys: readonly RowKey[]): Promise<readonly RowKey[]>;
  /** Of a job over a project: those of the keys whose rows were reached there by descending, not as parents. */
  descended(keys: readonly RowKey[]): Promise<readonly RowKey[]>;
  /** The same segment compared by its keys alone. */
  keysOnly(): SegmentReader;
  /** Of a target: keys of a stream of changes that wait, in an order of their own, from behind `after` on. */
  waiting(changes: PlannedChanges, after: RowKey | undefined, limit: number): Promise<readonly RowKey[]>;
  /** Those of the keys that belong to the segment, and to `runs` where given, as rows of this side would tell them. */
  placed(keys: readonly RowKey[], runs?: readonly BucketRun[]): Promise<readonly PlacedKey[]>;
  /** Those of the keys whose rows exist in the segment and pass its filters, with the fingerprints of all mapped columns. */
  present(keys: readonly RowKey[]): Promise<readonly KeyedFingerprint[]>;
}

/** A key, and the bucket it falls into. */
export interface PlacedKey {
  readonly key: RowKey;
  readonly bucket: number;
}

/** One side of one segment, as a strategy reads it. */
export interface SegmentReader extends WindowReader {
  /** Whether the segment has no row at all, or none in the buckets after `after`. */
  isEmpty(after?: number): Promise<boolean>;
  /** One sum per bucket that has rows, within `runs` where given. One scan, or one index range per run. */
  sums(runs?: readonly BucketRun[]): Promise<readonly BucketSum[]>;
  /** Keys and fingerprints of every row in the runs. Holds them all: ask for a bounded number of rows. */
  open(runs: readonly BucketRun[]): Promise<readonly KeyedFingerprint[]>;
  /** How many rows `read` may hold, as wide as they are. */
  readonly readRows: number;
  /** The same with every value in its canonical text; of a long text something that stands for it. */
  read(runs: readonly BucketRun[]): Promise<readonly ReadRow[]>;
  /** Whether two canonical values of the column at this position count as equal under the tolerances. */
  alike(column: number, a: string | null, b: string | null): boolean;
}

/** One side of one segment, rows included. */
export interface RowReader extends SegmentReader {
  /**
   * Rows of these keys that still exist, with values in mapping order: as many from the first on as `maxBytes` of text hold;
   * at least one where that is no less than a row that is held at all.
   */
  rows(keys: readonly RowKey[], maxBytes: number): Promise<FetchedRows>;
  /** Prints of the rows of these keys that exist, filtered or not; of a source within its project. */
  prints(keys: readonly RowKey[]): Promise<readonly KeyedPrint[]>;
  /**
   * Those of the keys whose rows were written since the plan's source snapshot: they moved while the job ran. Of the target of a
   * project: since its own.
   */
  changedSince(keys: readonly RowKey[]): Promise<readonly RowKey[]>;
}

/** What the source's clock says. Instants are ISO 8601 in UTC with microseconds, so they compare as text. */
export interface SourceClock {
  readonly now: string;
  /** No transaction that commits from now on began before it. Absent: why that cannot be known. */
  readonly horizon?: string;
  readonly unknown?: 'prepared_transaction' | 'untracked_session';
  /** Changes when another server takes over, or when a backup was restored. */
  readonly timeline: string;
}

/** The changes of a source database, as a logical replication slot keeps them; slot and publication have one name. */
export interface ChangeSource {
  /** Publishes tables, adding them where the publication exists. */
  publish(name: string, tables: readonly RelationName[], exists: boolean): Promise<void>;
  /**
   * Waits for the transactions that are open now: what they wrote before a table was published is not in the log, and no
   * comparison that begins before they end sees it. Throws `lock_timeout` after a minute.
   */
  awaitOpen(): Promise<void>;
  /** Answers the place in the log from which on the slot tells everything that commits. Waits for open transactions. */
  createSlot(name: string): Promise<Lsn>;
  /** Dropping what is not there is fine. */
  dropSlot(name: string): Promise<void>;
  dropPublication(name: string): Promise<void>;
  /** A place in the log behind everything that is committed now. */
  horizon(): Promise<Lsn>;
  /**
   * Reads whole transactions without moving the slot: those up to `upto`, or fewer where they have some `most` messages.
   * Answers how far that was. Throws `statement_timeout` where the server decodes for too long.
   */
  peek(
    name: string,
    how: { readonly upto: Lsn; readonly most: number },
    take: (messages: readonly ChangeMessage[]) => Promise<void>,
  ): Promise<Lsn>;
  /** The slot need not keep what is before this place; it never goes back. */
  advance(name: string, through: Lsn): Promise<void>;
  /** Bytes of log behind a place. */
  lag(through: Lsn): Promise<number>;
}

/** What a target knows of streams of changes: how far each was drained, and the keys that wait. */
export interface ChangeLog {
  stream(name: string): Promise<StreamState | undefined>;
  /** A new slot begins at `from`: all tables are to be compared whole. */
  begin(run: JobRun, name: string, from: Lsn): Promise<void>;
  register(run: JobRun, name: string, tables: readonly StreamTable[]): Promise<void>;
  /** Every table of a stream, whatever job has registered it. */
  tables(name: string): Promise<readonly (StreamTable & TableState)[]>;
  /**
   * One transaction: the keys that `work` puts, by the position of their table, and how far it came. Throws `lock_timeout`
   * where the stream is not at `from` any more, and `epoch_superseded`.
   */
  drain(
    run: JobRun,
    at: { readonly stream: string; readonly from: Lsn; readonly tables: readonly { readonly id: number }[] },
    work: (put: (keys: DrainedKeys) => Promise<void>) => Promise<Lsn>,
  ): Promise<void>;
  /** Plans that a job has stored become these, with the event, in one transaction. Throws `epoch_superseded`. */
  storePlans(run: JobRun, plans: readonly TablePlan[], event: JobEvent): Promise<void>;
}

/** What a target knows of the rounds of a job that runs until it is stopped. All of it throws `epoch_superseded` but what only reads. */
export interface RoundLog {
  /** Undefined: the first one was not planned yet. */
  load(jobId: string): Promise<Rounds | undefined>;
  /** Whether a drain after `drains` has named keys of these tables, by their numbers in the log of changes. */
  hasNew(tables: readonly number[], drains: number): Promise<boolean>;
  /**
   * Begins the next round, in one transaction: plans, checkpoints as if nothing had been done, but for `idle` tables (by their
   * number in the job), which are done with. Does nothing where one has begun that was not settled.
   */
  begin(
    run: JobRun,
    round: { readonly plans: readonly TablePlan[]; readonly idle: readonly number[]; readonly reached: Reached },
    event: JobEvent,
  ): Promise<void>;
  /** There was nothing to do in what was drained. */
  quiet(run: JobRun, reached: Reached): Promise<void>;
  /** Ends the round that has begun, with what it came to, in one transaction. Repeating it changes nothing. */
  settle(
    run: JobRun,
    round: {
      readonly changes: readonly SettledChanges[];
      readonly counts: ReadonlyMap<number, Counts>;
      readonly rows: number;
    },
    event: JobEvent,
  ): Promise<void>;
  /** What its settled rounds came to, by table. */
  counts(jobId: string): Promise<ReadonlyMap<number, Counts>>;
}

/** A run of a job: what it writes is refused once a newer one has begun. */
export interface JobRun {
  readonly jobId: string;
  readonly epoch: number;
}

/** A table of a job that ended well, by its number in the job, and how it followed a stream of changes. */
export interface SettledChanges {
  readonly table: number;
  readonly changes: PlannedChanges;
}
/** A database that is open, as an operation of the other one names it. */
export type Opened = Pick<Database, 'close'>;

/** One end of a pair, over one connection. Every call may throw `source_unavailable` or `target_unavailable`. */
export interface Database {
  /** Of a source that was opened to be written to. */
  readonly writer?: SourceWriter;
  /** The changes of it, as its log tells them. */
  readonly changes: ChangeSource;
  /** What it says of itself and of a stream of changes of this name. */
  streamFacts(name: string, tables: readonly RelationName[]): Promise<StreamFacts>;
  facts(): Promise<ServerFacts>;
  /** Tables that can take part in a sync, in name order. */
  introspect(): Promise<readonly Relation[]>;
  /** Runs `work` while this end holds a mark that every session of the same database of the same server sees. */
  withMark<T>(work: (mark: string) => Promise<T>): Promise<T>;
  /** Whether somebody in this very database holds the mark. */
  seesMark(mark: string): Promise<boolean>;
  /** How many rows share a key with another, or have NULL in it; at most a thousand are counted. */
  keyClashes(table: Relation, key: readonly string[]): Promise<number>;
  /** Whether a project has a root row here. */
  hasRoots(roots: RootRows): Promise<boolean>;
  /** How many rows of a table are in a project, as this side tells it. */
  scopeRows(scope: ScopeSide): Promise<number>;
  /** Each value in the canonical text of its type (`format_type`); undefined where it cannot be read as one. */
  readAs(
    values: readonly { readonly text: string; readonly declared: string }[],
  ): Promise<readonly (string | undefined)[]>;
  /** Two columns of a table as texts, where the first is not NULL; at most `limit` rows. */
  dictionary(
    table: Relation,
    columns: readonly [match: string, take: string],
    limit: number,
  ): Promise<readonly (readonly [string, string | null])[]>;
  /** What this end sees now, as a `pg_snapshot` in text. */
  snapshot(): Promise<string>;
  /** Of a primary server only, by a role that may see other sessions. */
  clock(): Promise<SourceClock>;
  /** For each table a text that changes when its rows were put elsewhere: truncated, rewritten, restored, made anew. */
  storage(tables: readonly RelationName[]): Promise<readonly string[]>;
  /** What this end says of each table without reading a row of it; undefined where it does not count, or may not be asked. */
  touchSignals(tables: readonly RelationName[]): Promise<readonly (TouchSignal | undefined)[]>;
  /** The planner's view of a window; reads no row. */
  windowFacts(
    plan: TablePlan,
    window: Pick<Window, 'column' | 'after'>,
  ): Promise<Pick<Window, 'rowsEstimate' | 'indexed'>>;
  /** Fingerprints of sample values of the types of these columns; both ends must answer alike. */
  probe(columns: readonly PlannedColumn[], form: FingerprintForm): Promise<readonly string[]>;
  reader(plan: TablePlan, segment: Segment): RowReader;
  /** Tables as this end declares them, in the order asked; one that is not there has no columns. */
  shapes(tables: readonly RelationName[]): Promise<readonly TableShape[]>;
  /** Where each sequence that feeds a column of the table stands. */
  sequences(table: RelationName): Promise<readonly SequenceState[]>;
  close(): Promise<void>;
}

/** A sequence owned by a column: the last number it gave (as text), undefined when it gave none. */
export interface SequenceState {
  readonly column: string;
  readonly last?: string;
}

/** A segment of a table, as the baseline files its keys. */
export interface FiledSegment {
  readonly plan: TablePlan;
  readonly segment: Segment;
  /** Position of the segment in its layout. */
  readonly number: number;
}

/** Buckets `(after, through]` that were compared: those found equal, and those opened. The others have no row. */
export interface Look {
  readonly after: number;
  readonly through: number;
  readonly same: readonly BucketSum[];
  readonly opened: readonly number[];
}

/** A conflict to be opened or refreshed; the target adds who saw it and when. */
export type ConflictDraft = Pick<
  Conflict,
  'conflict_id' | 'pair' | 'key' | 'type' | 'reason' | 'prints' | 'changed' | 'preview' | 'object'
>;

/** A conflict that a chunk has opened or refreshed. */
export interface Raised {
  readonly conflict_id: string;
  readonly opened: boolean;
}

/** What a chunk decided besides the rows it writes. */
export interface Decided {
  /** What the rows are compared with from now on, where it is not what was written. */
  readonly bases: readonly FiledBase[];
  readonly raise: readonly ConflictDraft[];
  /** Conflicts that are none any more; those that are not open stay as they are. */
  readonly close: readonly { readonly conflict_id: string; readonly state: ConflictState }[];
  /** Rows that the source is to get. */
  readonly back?: readonly BackDraft[];
  /** The events of it, from the conflicts that changed; each in the chunk's own stream of decisions. */
  readonly events: (raised: readonly Raised[], closed: readonly string[]) => readonly JobEvent[];
}

/** Somebody's decision of one conflict, ready to be applied. */
export interface Resolution {
  readonly conflict_id: string;
  readonly plan: TablePlan;
  readonly suppressTriggers: boolean;
  /** What is written; absent: the target stays as it is. */
  readonly change?: Change;
  /** What the row is compared with from now on; absent: neither side has it any more. */
  readonly base?: FiledBase;
  readonly record: Omit<DecisionRecord, 'at'>;
  readonly event: JobEvent;
}

/** How a conflict is shown from now on, if it still is what was looked at. */
export interface ConflictRefresh {
  readonly conflict_id: string;
  /** As it was looked at: a newer one stays. */
  readonly version: number;
  readonly state: 'open' | 'converged';
  readonly data: Pick<Conflict, 'prints' | 'changed' | 'preview'> & Partial<Pick<Conflict, 'type' | 'reason'>>;
  readonly event: JobEvent;
}

/** What came of a decision: whether it was applied just now, and the conflict as it is afterwards. */
export interface Resolved {
  readonly won: boolean;
  readonly conflict: Conflict;
}

/** A chunk to be applied: changes and the checkpoint they belong to, all or nothing. */
export interface Chunk {
  readonly id: SegmentId;
  readonly owner: string;
  readonly plan: TablePlan;
  readonly segment: Segment;
  readonly suppressTriggers: boolean;
  /** Number of this chunk: one more than the checkpoint's. */
  readonly seq: number;
  readonly changes: readonly Change[];
  /** Where a row that is too large to be held is piped from. */
  readonly source: Opened;
  readonly quarantine?: readonly QuarantinedRow[];
  /** What a comparison found that the baseline does not say yet. */
  readonly adopt?: Adoption;
  readonly decided?: Decided;
  /** Intents that are settled with this chunk. */
  readonly settled?: SettledIntents;
  /** Keys that leave the quarantine, because they are applied now. */
  readonly release?: readonly RowKey[];
  /** What the checkpoint becomes, from what was really applied; called before the commit. */
  readonly advance: (applied: Applied) => Advance;
}

/** A chunk that is piped from the source into a target that has none of its rows. */
export interface CopyChunk extends Omit<Chunk, 'changes' | 'quarantine' | 'source' | 'adopt' | 'decided' | 'settled'> {
  readonly run: BucketRun;
  /** Most rows that may be put aside because a value of theirs cannot be computed; more are `quarantine_limit`. */
  readonly mostAside: number;
}

/** Says of a job that holds a lease whether it is known to have ended, or never to have begun. */
export type StaleHolder = (holder: string, heldSeconds: number) => Promise<boolean>;

/** How a job is made ready to go on. */
export interface Reopening {
  readonly stale: StaleHolder;
  /** It had failed: rows that were refused are tried again from the beginning of their tables. */
  readonly failed: boolean;
}

/** What goes with a new epoch, in the same transaction. */
export interface EpochMove {
  /** Recorded when the epoch really moves. */
  readonly event?: JobEvent;
  /** The job gives up its leases, when the epoch really moves. */
  readonly release?: boolean;
  /** Throws `target_busy` unless the job still holds all of its leases; whoever takes them later finds it running. */
  readonly holding?: boolean;
}

/** What is stored of a pair's watermark: its horizon, or the other pairs that are known over the same table. */
export type KnownWatermark =
  | { readonly horizon: string }
  | { readonly horizon?: undefined; readonly others: readonly string[] };

/** What is known from a good end on, stored in the transaction that ends the job. */
export interface Learnt {
  readonly watermarks?: readonly Watermark[];
  readonly quiet?: readonly QuietNote[];
  readonly changes?: readonly SettledChanges[];
}

/** The target: rows, and the control schema in which everything lives that decides what happened. */
export interface TargetDatabase extends Database {
  /**
   * Takes the lease of every table, creates the job's row and its first event, in one transaction. `stale` says of a holder
   * whether its job is known to have ended, or never to have begun.
   *
   * Again under the same id, also at once, it goes on where it is while no run has begun. Returns what `dropJob` undoes it with; none
   * where another call was here before. Throws `target_busy` naming the holder, `state_conflict` where a run has begun.
   */
  takeLease(
    jobId: string,
    tables: readonly RelationName[],
    event: JobEvent,
    stale: StaleHolder,
  ): Promise<string | undefined>;
  /**
   * Undoes takeLease when the job could not be stored, unless another call has taken it since: then everything stays, and false is
   * returned. `also` is done before another call can begin under the id.
   */
  dropJob(jobId: string, taken: string, also?: () => Promise<unknown>): Promise<boolean>;
  /**
   * Afterwards no writer of an older epoch can commit; false when that was so before. Waits for chunks in flight, and ends
   * the sessions of older runs that do not. Throws `epoch_superseded` when a newer epoch is there, or, with the fact `ended`,
   * when the job has ended.
   */
  raiseEpoch(jobId: string, epoch: number, how?: EpochMove): Promise<boolean>;
  /**
   * Makes a job that was stopped, paused or has failed ready to go on: takes its leases again; what can no longer be relied
   * on begins anew. Throws `target_busy`, `resume_expired`, `epoch_superseded`.
   */
  reopen(jobId: string, epoch: number, how: Reopening): Promise<void>;
  isPrepared(jobId: string): Promise<boolean>;
  /** Writes all plans and checkpoints at once. */
  storePlans(
    job: { readonly jobId: string; readonly epoch: number; readonly passes: readonly Pass[] },
    plans: readonly { readonly plan: TablePlan; readonly segments: readonly Segment[] }[],
    event: JobEvent,
    baselines: BaselineChanges,
  ): Promise<void>;
  loadPlans(jobId: string, table?: number): Promise<readonly TablePlan[]>;
  loadProgress(jobId: string, table?: number): Promise<readonly Progress[]>;
  /**
   * Keeps what tables of a pair look like to a job, and answers what they looked like to the job before, in the order
   * given; undefined: there was none. Repeating it under the same job answers the same.
   */
  keepShapes(
    seen: { readonly pair: string; readonly jobId: string },
    shapes: readonly { readonly table: RelationName; readonly shape: ShapePair }[],
  ): Promise<readonly (EarlierShape | undefined)[]>;
  /** What tables of a pair looked like to the last job that looked; undefined: none has. */
  lastShapes(pair: string, tables: readonly RelationName[]): Promise<readonly (EarlierShape | undefined)[]>;
  /** `once`: an event that was recorded under this name before is not recorded again. Throws `epoch_superseded`. */
  recordEvent(jobId: string, epoch: number, event: JobEvent, once?: string): Promise<void>;
  /** Closes the job: nothing commits for it any more, its leases are free. Repeating it changes nothing. */
  endJob(jobId: string, epoch: number, event: JobEvent, learnt?: Learnt): Promise<void>;
  readonly changeLog: ChangeLog;
  /** And of the rounds of jobs that follow one until they are stopped. */
  readonly rounds: RoundLog;
  /** What is known of tables that an earlier job wrote nothing into, in their order. */
  quietTables(wanted: readonly QuietKey[]): Promise<readonly (QuietMemory | undefined)[]>;
  /** What is stored of these pairs, in their order. */
  watermarks(wanted: readonly Pick<Watermark, 'pair' | 'table'>[]): Promise<readonly KnownWatermark[]>;
  /** Oldest events that the trail has not learnt yet, in stream order: at most `limit`, and some 4 MB. */
  peekOutbox(jobId: string, limit: number): Promise<readonly AuditEvent[]>;
  trimOutbox(jobId: string, events: readonly Pick<AuditEvent, 'stream' | 'seq'>[]): Promise<void>;
  /** Runs `work` unless somebody else of this job does so just now; false when that is so. For speed: it fences nothing. */
  drainAlone(jobId: string, work: () => Promise<void>): Promise<boolean>;
  /** Makes `owner` the one worker of the segment. Throws `epoch_superseded`. */
  claim(id: SegmentId, owner: string): Promise<Checkpoint>;
  /** Buckets that an earlier pass noted: holding target-only rows, or also written into. */
  notedBuckets(id: SegmentId, kind: 'written' | 'extra'): Promise<readonly BucketRun[]>;
  /** One transaction: fence, rows, checkpoint, outbox. Throws `epoch_superseded`, `target_moving`, `row_rejected`, ... */
  commit(chunk: Chunk): Promise<void>;
  /** The same for a run of buckets piped by COPY: all of its rows are inserts. A row that is refused refuses all. */
  copy(chunk: CopyChunk, source: Opened): Promise<void>;
  /** Target rows of other keys that hold a unique value these rows are to have. */
  uniqueHolders(
    plan: TablePlan,
    rows: readonly RowImage[],
  ): Promise<readonly { readonly key: RowKey; readonly fingerprint: Fingerprint }[]>;
  /** Every generation of a pair's table, newest first. */
  generations(pair: PairTable): Promise<readonly Generation[]>;
  /** A number for a generation to come. */
  nextGeneration(): Promise<number>;
  /** Notes that every key is filed under `own`, and drops `older`. Does nothing for a run that was superseded. */
  completeGenerations(
    job: { readonly jobId: string; readonly epoch: number },
    own: readonly number[],
    older: readonly number[],
  ): Promise<void>;
  /** What of a comparison of the buckets `(after, through]` the baseline does not say yet; nothing in a quiet run. */
  notFiled(at: FiledSegment, look: Look): Promise<Adoption>;
  /** Which of these keys are known to have come from the source. */
  knownKeys(at: FiledSegment, keys: readonly RowKey[]): Promise<readonly RowKey[]>;
  /** What the last decision says of each key, in their order; undefined: nothing is known. */
  bases(plan: TablePlan, keys: readonly RowKey[]): Promise<readonly (BasePrints | undefined)[]>;
  /** The rows that these merges come to, in their order. Writes nothing. */
  merge(plan: TablePlan, rows: readonly MergeRow[]): Promise<readonly MergedRow[]>;
  /** Open conflicts of a table that this job has not seen yet, in order of their ids behind `after`. */
  unseenConflicts(
    jobId: string,
    of: { readonly pair: string; readonly table: RelationName },
    after: string,
    limit: number,
  ): Promise<readonly { readonly conflict_id: string; readonly key: RowKey }[]>;
  /** Those of these conflicts that are open, with the prints they were last seen with. */
  openConflicts(ids: readonly string[]): Promise<ReadonlyMap<string, Conflict['prints']>>;
  /**
   * Closes conflicts that are none any more and notes how the others are now, under the epoch fence. `page` names the events.
   * Does nothing for a run that was superseded.
   */
  settleConflicts(
    job: { readonly jobId: string; readonly epoch: number },
    page: string,
    what: {
      readonly close: Decided['close'];
      readonly see: readonly ({ readonly conflict_id: string } & Pick<Conflict['prints'], 'source' | 'target'>)[];
      readonly events: (closed: readonly string[]) => readonly JobEvent[];
    },
  ): Promise<void>;
  /** Those of these conflicts that are known here, as they stand here, by id. */
  conflictsOf(ids: readonly string[]): Promise<ReadonlyMap<string, Conflict>>;
  /**
   * Applies decisions about rows of one table, all of them or none, in one transaction: each whose conflict is still open
   * (`won`) by compare-and-set of the row, its base, the record and its event. Answers by id; one that is not known here is
   * left out. Throws `target_busy` while a job holds the table, `target_moving`, `row_rejected`, ...
   */
  resolve(resolutions: readonly [Resolution, ...Resolution[]], source: Opened): Promise<ReadonlyMap<string, Resolved>>;
  /** Shows conflicts as they are now, each if it is open and no newer; answers those that are, as they are afterwards. */
  refreshConflicts(refreshes: readonly ConflictRefresh[]): Promise<ReadonlyMap<string, Conflict>>;
  /** Oldest intents of a segment's pass that are not settled, at most `limit`. */
  intents(id: SegmentId, limit: number): Promise<readonly Intent[]>;
  /** Those of the intents that are not settled. */
  intentsOf(id: SegmentId, ids: readonly string[]): Promise<readonly Intent[]>;
  /** Forgets intents of the pass that its counts know nothing of: whoever looks again finds their rows. */
  forgetUncounted(id: SegmentId): Promise<void>;
  /** How many open conflicts the job was the last to see, by target table (schema.table). */
  countOpenConflicts(jobId: string): Promise<ReadonlyMap<string, number>>;
  /** Conflicts of a job that the store does not know as they are now, and what it has learnt. */
  untoldConflicts(jobId: string, limit: number): Promise<readonly Conflict[]>;
  toldConflicts(conflicts: readonly Conflict[]): Promise<void>;
  /** Keys of a table that this job has put into quarantine. */
  quarantined(jobId: string, table: number): Promise<readonly RowKey[]>;
  /** Rows of a segment that the job has put into quarantine for one of these reasons. */
  quarantinedFor(
    at: FiledSegment,
    jobId: string,
    codes: readonly QuarantinedRow['code'][],
  ): Promise<readonly QuarantinedRow[]>;
  /** Raises sequences of a table to at least these numbers and to the largest value of their column; never lowers one. */
  raiseSequences(table: RelationName, atLeast: readonly SequenceState[]): Promise<void>;
}

/** Rows of the source to be written by compare-and-set, all or nothing, each once whoever repeats it. */
export interface BackChunk {
  readonly id: SegmentId;
  readonly owner: string;
  readonly plan: TablePlan;
  readonly suppressTriggers: boolean;
  readonly changes: readonly BackChange[];
}

/** Commands about a job, in a source that it writes to. */
export interface CommandWriter {
  /** Takes the lease of every source table and creates the job's row there. As `TargetDatabase.takeLease`. */
  takeLease(jobId: string, tables: readonly RelationName[], stale: StaleHolder): Promise<string | undefined>;
  /** As `TargetDatabase.dropJob`. */
  dropJob(jobId: string, taken: string, also?: () => Promise<unknown>): Promise<boolean>;
  /** As `TargetDatabase.raiseEpoch`. */
  raiseEpoch(jobId: string, epoch: number, how?: Pick<EpochMove, 'release' | 'holding'>): Promise<boolean>;
  /** As `TargetDatabase.reopen`. */
  reopen(jobId: string, epoch: number, how: Reopening): Promise<void>;
}

/** The writing side of a source: it has a control schema of its own, and every transaction there is fenced as in the target. */
export interface SourceWriter extends CommandWriter {
  /** Closes the job: nothing is written here for it any more, its leases are free. Repeating it changes nothing. */
  endJob(jobId: string, epoch: number): Promise<void>;
  /** Makes `owner` the one worker that may write here for the segment. Throws `epoch_superseded`. */
  claim(id: SegmentId, owner: string): Promise<void>;
  /** Intents of the segment's pass that were applied here, those of the last transactions at least. */
  applied(id: SegmentId): Promise<readonly string[]>;
  /**
   * One transaction: fence, marks of the intents, rows. Those that were applied before are left out. Throws
   * `epoch_superseded`, `target_moving` (a row was not as expected), `row_rejected`, ...
   */
  write(chunk: BackChunk, target: Opened): Promise<void>;
  raiseSequences(table: RelationName, atLeast: readonly SequenceState[]): Promise<void>;
}

/** Who connects, for `application_name` and limits. */
export interface ConnectAs {
  /** `<job>/<epoch>`, or what is being done before there is a job. */
  readonly name: string;
  readonly statementTimeoutMs: number;
  /** A source that is written to as well: its `writer` is there. */
  readonly writes?: boolean;
  /** Of a job that masks: what the source's server computes its masks with, as a setting of the session. */
  readonly maskKey?: Secret;
}

/** What can be asked of an end without reading its rows one by one: all that a job is judged by before it is created. */
export type CatalogDatabase = Pick<
  Database,
  | 'facts'
  | 'introspect'
  | 'withMark'
  | 'seesMark'
  | 'keyClashes'
  | 'readAs'
  | 'dictionary'
  | 'shapes'
  | 'streamFacts'
  | 'hasRoots'
  | 'close'
>;

/** One end as somebody sees it who only looks; its session is read-only. */
export type LookingDatabase = Pick<Database, 'facts' | 'introspect' | 'readAs' | 'dictionary' | 'close'> & {
  /**
   * The first rows as the table gives them, values as text and cut to 200 characters. Of a table under a mapping: as it is
   * made.
   */
  look(table: Relation, columns: readonly string[], rows: number): Promise<readonly (readonly (string | null)[])[]>;
};

/** The way to both ends for those who only look. */
export interface Catalogs {
  /** Throws what opening a connection throws. */
  open(side: Side, connection: Connection, as: ConnectAs): Promise<LookingDatabase>;
}

/** The way to a database for those who only ask what is there and what they may. */
export interface LookingDatabases {
  /** Throws what opening a connection throws. */
  open(
    side: Side,
    connection: Connection,
    as: ConnectAs,
  ): Promise<Pick<LookingDatabase, 'facts' | 'introspect' | 'close'>>;
}

/** The target, as commands about a job need it. */
export type CommandTarget = CatalogDatabase &
  Pick<TargetDatabase, 'takeLease' | 'dropJob' | 'raiseEpoch' | 'reopen' | 'lastShapes'>;

/** The source, as they need it; `writer` where the job writes to it. */
export type CommandSource = CatalogDatabase & { readonly writer?: CommandWriter };

/** The way to the databases for commands; whoever moves rows has `Databases`. */
export interface CommandDatabases {
  source(connection: Connection, as: ConnectAs): Promise<CommandSource>;
  target(connection: Connection, as: ConnectAs): Promise<CommandTarget>;
}

/** Which rows that a job put aside; `object` is the rule's name where `code` is `rule_rejected`. */
export interface QuarantineQuery {
  readonly table?: number;
  readonly code?: RowCode;
  readonly object?: string;
  readonly after?: QuarantinePlace;
  readonly limit: number;
}

/** The source, for those who look at rows that were put aside. */
export type QuarantineSource = CommandSource & {
  /** Values of some columns of the rows of these keys, as texts, by `keyId`; a row that is not there is left out. */
  valuesOf(
    plan: TablePlan,
    columns: readonly string[],
    keys: readonly RowKey[],
  ): Promise<ReadonlyMap<string, readonly (string | null)[]>>;
};

/** The target, as they need it. */
export type QuarantineTarget = CommandTarget &
  Pick<TargetDatabase, 'loadPlans'> & {
    /** By table and key. */
    listQuarantined(jobId: string, query: QuarantineQuery): Promise<readonly StoredQuarantine[]>;
  };

/** The way to the databases for them. */
export interface QuarantineDatabases {
  source(connection: Connection, as: ConnectAs): Promise<QuarantineSource>;
  target(connection: Connection, as: ConnectAs): Promise<QuarantineTarget>;
}

/** What is asked of either end when a project is planned. */
export type ProjectDatabase = CatalogDatabase &
  Pick<Database, 'scopeRows'> & {
    /** Those of the columns by which no index finds rows. */
    unindexed(asked: readonly ReferringColumns[]): Promise<readonly Unindexed[]>;
  };

/** What bounds the sessions of a role on its server, and how many count against it now. */
export interface ConnectionRoom {
  readonly limit: number;
  readonly in_use: number;
}

/** What is asked of either end when a pair is checked. */
export type CheckingDatabase = CatalogDatabase & {
  room(): Promise<ConnectionRoom>;
  /** Jobs that hold the lease of one of the tables; some may be over. */
  leaseHolders(tables: readonly RelationName[]): Promise<readonly string[]>;
};

/** What is asked of the source when a job is planned. */
export type PlanningDatabase = CatalogDatabase &
  Pick<Database, 'scopeRows' | 'snapshot' | 'clock' | 'storage' | 'touchSignals' | 'windowFacts' | 'probe'>;

/** The source, as it needs it; `writer` where the job writes to it. */
export type PlanningSource = PlanningDatabase & { readonly writer?: Pick<SourceWriter, 'raiseEpoch' | 'endJob'> };

/** A target that tells what it has decided: events for the audit trail, conflicts for the store. */
export type TellingTarget = Pick<TargetDatabase, 'peekOutbox' | 'trimOutbox' | 'untoldConflicts' | 'toldConflicts'>;

/** The target, as the step that plans a job needs it: it may find that the job has ended there. */
export type PlanningTarget = PlanningDatabase &
  /** Absent where no retry is planned. */
  Partial<Pick<QuarantineTarget, 'listQuarantined'>> &
  TellingTarget &
  Pick<
    TargetDatabase,
    | 'raiseEpoch'
    | 'isPrepared'
    | 'storePlans'
    | 'loadPlans'
    | 'loadProgress'
    | 'keepShapes'
    | 'generations'
    | 'nextGeneration'
    | 'watermarks'
    | 'quietTables'
    | 'countOpenConflicts'
  >;

/** Rows of a source table that do not pass: how many of each condition, with keys of a few. */
export interface RuleCounts {
  /** Rows that take part. */
  readonly rows: number;
  readonly found: readonly { readonly rows: number; readonly samples: readonly RowKey[] }[];
}

/** Digests of values (32 hex digits); `more`: there are further ones that were not collected. */
export interface FoundDigests {
  readonly digests: readonly string[];
  readonly more: boolean;
}

/** What rules ask of whole tables before a row is moved. Reads only; one scan of each table that is named. */
export interface RuleReader {
  /** `conditions`: SQL over `s`, the source row, never NULL. */
  count(source: PlanningDatabase, plan: TablePlan, conditions: readonly string[]): Promise<RuleCounts>;
  /**
   * Values of `columns` that several rows of the source have, or a row of the source and one that the target alone has;
   * without `target` the former only.
   */
  repeated(
    ends: { readonly source: PlanningDatabase; readonly target?: PlanningTarget },
    plan: TablePlan,
    columns: readonly string[],
  ): Promise<FoundDigests>;
  /** Values of `columns` that neither the table of the target has, nor the one that the job brings there. */
  missing(
    ends: { readonly source: PlanningDatabase; readonly target: PlanningTarget },
    plan: TablePlan,
    rule: {
      readonly columns: readonly string[];
      readonly references: readonly string[];
      readonly table: Relation;
      readonly brought?: TablePlan;
    },
  ): Promise<FoundDigests>;
  /** SQL over `s` (a boolean, never NULL) that the values of `columns` are among these; `sql` says each column. */
  among(
    plan: TablePlan,
    columns: readonly string[],
    sql: Readonly<Record<string, string>>,
    digests: readonly string[],
  ): string;
}

/** The way to the databases for the step that plans a job. */
export interface PlanningDatabases {
  /** Absent where no job with rules is planned. */
  readonly rules?: RuleReader;
  source(connection: Connection, as: ConnectAs): Promise<PlanningSource>;
  target(connection: Connection, as: ConnectAs): Promise<PlanningTarget>;
  planSegments(source: PlanningDatabase, target: PlanningTarget, plan: TablePlan): Promise<readonly Segment[]>;
}

/** The source of a job that follows its log. */
export type FollowingSource = Pick<Database, 'streamFacts' | 'changes' | 'storage' | 'snapshot' | 'close'>;

/** The target, as the step needs it that follows the log. */
export type FollowingTarget = Pick<
  TargetDatabase,
  'changeLog' | 'rounds' | 'loadPlans' | 'loadProgress' | 'storage' | 'close'
>;

/** The way to the databases for that step. */
export interface FollowingDatabases {
  source(connection: Connection, as: ConnectAs): Promise<FollowingSource>;
  target(connection: Connection, as: ConnectAs): Promise<FollowingTarget>;
}

/** One end, as those need it who look at rows. */
export type RowsDatabase = Pick<Database, 'reader' | 'close'>;

/** The target, as those need it who decide conflicts. */
export type DecidingTarget = RowsDatabase &
  TellingTarget &
  Pick<TargetDatabase, 'loadPlans' | 'bases' | 'merge' | 'conflictsOf' | 'refreshConflicts' | 'resolve'>;

/** The way to the databases for those who decide conflicts. */
export interface DecidingDatabases {
  source(connection: Connection, as: ConnectAs): Promise<RowsDatabase>;
  target(connection: Connection, as: ConnectAs): Promise<DecidingTarget>;
}

/** The source, as the worker of a segment needs it; `writer` where the job writes to it. */
export type WorkSource = RowsDatabase &
  Pick<Database, 'changes'> & { readonly writer?: Pick<SourceWriter, 'claim' | 'applied' | 'write'> };

/** The target, as it needs it. */
export type WorkTarget = RowsDatabase &
  TellingTarget &
  Pick<
    TargetDatabase,
    | 'loadPlans'
    | 'claim'
    | 'drainAlone'
    | 'notedBuckets'
    | 'commit'
    | 'copy'
    | 'uniqueHolders'
    | 'notFiled'
    | 'knownKeys'
    | 'bases'
    | 'merge'
    | 'openConflicts'
    | 'intents'
    | 'intentsOf'
    | 'forgetUncounted'
    | 'quarantined'
    | 'quarantinedFor'
  >;

/** The way to the databases for the worker of a segment. */
export interface WorkDatabases {
  source(connection: Connection, as: ConnectAs): Promise<WorkSource>;
  target(connection: Connection, as: ConnectAs): Promise<WorkTarget>;
}

/** The way to the databases. Opening throws `connection_unreachable`, `connection_auth_failed`, ... */
export interface Databases {
  source(connection: Connection, as: ConnectAs): Promise<Database>;
  target(connection: Connection, as: ConnectAs): Promise<TargetDatabase>;
  /** Cuts a table into segments with their buckets, about equal in size. */
  planSegments(source: Database, target: TargetDatabase, plan: TablePlan): Promise<readonly Segment[]>;
}

/** A source, as those need it who give up a pair. */
export interface PairSource {
  facts(): Promise<ServerFacts>;
  /** Every slot of this service on the server. */
  slots(): Promise<readonly SlotFacts[]>;
  /** What the source keeps for the pair of this name. Throws `pair_mismatch` where its slot is another database's. */
  traces(name: string): Promise<PairSourceTraces>;
  /** Dropping what is not there is fine; a slot of another database stays. Throws `lock_timeout` while somebody reads it. */
  dropSlot(name: string): Promise<void>;
  /** Throws `privilege_missing` where the role does not own it. */
  dropPublication(name: string): Promise<void>;
  close(): Promise<void>;
}

/** A database as whoever takes the service out of it needs it. */
export interface InstalledDatabase {
  facts(): Promise<ServerFacts>;
  /** Throws `schema_newer`. */
  look(): Promise<DatabaseTraces>;
  /**
   * Drops what is ours, in one transaction during which no job begins; false: the schema itself is not the role's, and stays.
   * `holds`: whether the holder of a lease is not over; then throws `target_busy`. Throws `uninstall_blocked`.
   */
  dropSchema(holds: (jobId: string, heldSeconds: number) => Promise<boolean>): Promise<boolean>;
  /** Dropping what is not there is fine. Throws `lock_timeout` while somebody reads it. */
  dropSlot(name: string): Promise<void>;
  dropPublication(name: string): Promise<void>;
  /** Source databases that keys are filed under. */
  sources(): Promise<readonly Pick<ServerIdentity, 'system_identifier' | 'database_oid'>[]>;
  /** See `Database`. */
  withMark<T>(work: (mark: string) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface UninstallDatabases {
  open(connection: Connection, as: ConnectAs): Promise<InstalledDatabase>;
  /** Another one, read-only, to find out whether it is the same. */
  peek(connection: Connection, as: ConnectAs): Promise<Pick<Database, 'facts' | 'seesMark' | 'close'>>;
}

/** Keys of masks, for the one that may remove them. */
export interface MaskKeys {
  has(pair: string): Promise<boolean>;
  /** Removing what is not there is fine. */
  remove(pair: string): Promise<void>;
}

/** A target, as they need it. One that no job has ever written to knows of nothing. */
export interface PairTarget {
  facts(): Promise<ServerFacts>;
  /** Source databases that keys are filed under. */
  sources(): Promise<readonly Pick<ServerIdentity, 'system_identifier' | 'database_oid'>[]>;
  /** Jobs that have left notes of tables (watermarks, tables that nobody touched), and those that have rows of their own. */
  jobs(): Promise<{ readonly notes: readonly string[]; readonly rows: readonly string[] }>;
  look(of: PairNotes): Promise<PairTraces>;
  /**
   * In one transaction, during which no job begins, everything that a later job would go by is forgotten. `holds`: whether the
   * holder of a lease is a job of the pair that is not over; then throws `target_busy`.
   */
  forget(of: PairNotes, holds: (jobId: string, heldSeconds: number) => Promise<boolean>): Promise<void>;
  /** Deletes a batch of what was forgotten; false: there was nothing left. */
  clear(of: PairNotes): Promise<boolean>;
  /** Conflicts of the pair that are closed. */
  conflicts(pair: string, limit: number): Promise<readonly Conflict[]>;
  /** Forgets those of them that are still as they are given. */
  forgetConflicts(told: readonly Pick<Conflict, 'conflict_id' | 'version'>[]): Promise<void>;
  close(): Promise<void>;
}

/** The way to the databases for those who give up a pair. */
export interface PairDatabases {
  source(connection: Connection, as: ConnectAs): Promise<PairSource>;
  target(connection: Connection, as: ConnectAs): Promise<PairTarget>;
}

/** Pairs that one keeps, and the ids of their jobs. */
export interface PairStore {
  get(name: string): Promise<KeptPair | undefined>;
  /** The first revision, or the next one; false when somebody else was faster. */
  put(pair: KeptPair): Promise<boolean>;
  remove(name: string, revision: number): Promise<boolean>;
  /** In name order, behind `after`; `more`: there are others behind them. */
  page(from: {
    readonly after?: string | undefined;
    readonly prefix?: string | undefined;
    readonly limit: number;
  }): Promise<{ readonly pairs: readonly KeptPair[]; readonly more: boolean }>;
  /** The jobs of these pairs, newest first; a pair without any is left out. */
  jobs(names: readonly string[]): Promise<ReadonlyMap<string, readonly PairJob[]>>;
  /** Notes a job before it is started; once, however often it is called. */
  note(name: string, job: PairJob): Promise<void>;
}

/** Many jobs and schedules at once; those that are not there are left out. */
export interface FleetLooks {
  jobs(ids: readonly string[]): Promise<ReadonlyMap<string, Job>>;
  schedules(names: readonly string[]): Promise<ReadonlyMap<string, Schedule>>;
}

/** Orders over many pairs. */
/** Names the pages of an order. */
export type FleetList = Pick<FleetOrder, 'order_id' | 'list'>;

export interface FleetOrderStore {
  /**
   * The pages first, the order last: one that is there is whole. Returns the order of this id, which may be that of another call; pages
   * of one that died belong to its own list.
   */
  create(order: FleetOrder, items: readonly FleetItem[]): Promise<FleetOrder>;
  get(id: string): Promise<FleetOrder | undefined>;
  /** False when somebody else has written since. One that has ended is open no more. */
  advance(order: FleetOrder): Promise<boolean>;
  page(of: FleetList, page: number): Promise<FleetPage>;
  putPage(of: FleetList, page: number, content: FleetPage): Promise<boolean>;
  /** Newest first; so many of them are looked at, however many there are. */
  list(limit: number): Promise<readonly FleetOrder[]>;
  /** Those that have not ended. */
  open(): Promise<readonly OpenOrder[]>;
  /** Notes that its message was sent again, so that it is not each minute. */
  resent(order: OpenOrder, at: string): Promise<void>;
}

export interface OpenOrder {
  readonly order_id: string;
  /** When its message was sent again last. */
  readonly sent_at?: string;
  readonly revision: number;
}

/** Steps of orders over many pairs. */
export interface FleetQueue {
  send(orderId: string, delaySeconds?: number): Promise<void>;
}
