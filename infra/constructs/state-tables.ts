import { RemovalPolicy } from 'aws-cdk-lib';
import {
  type Attribute,
  AttributeType,
  BillingMode,
  ProjectionType,
  Table,
  TableEncryption,
} from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { ServiceFunction } from './service-function.ts';

/** Indexes of the conflicts by what they begin with; all go on by `place`. */
const CONFLICT_INDEXES = { by_opener: 'opener', by_seer: 'seer' } as const;

const text = (name: string): Attribute => ({ name, type: AttributeType.STRING });

/**
 * The four tables of DESIGN section 7. They outlive the stack.
 *
 * No table has a time to live: nothing may take an expired item for a released lock, and DynamoDB deletes hours late.
 */
export class StateTables extends Construct {
  readonly jobs: Table;
  readonly conflicts: Table;
  readonly audit: Table;
  readonly registry: Table;
  readonly #auditPolicy = appendOnly();

  constructor(scope: Construct) {
    super(scope, 'State');

    this.jobs = this.table('Jobs', 'job_id', 'item');
    this.jobs.addGlobalSecondaryIndex({
      indexName: 'by_start',
      partitionKey: text('list'),
      sortKey: text('started'),
      projectionType: ProjectionType.ALL,
    });

    this.jobs.addGlobalSecondaryIndex({
      indexName: 'by_care', // sparse: a job that needs no looking after loses `care`
      partitionKey: text('care'),
      sortKey: text('started'),
      projectionType: ProjectionType.ALL,
    });

    this.jobs.addGlobalSecondaryIndex({
      indexName: 'by_due', // sparse: only a job that has something to tell has `due`
      partitionKey: text('due'),
      sortKey: text('started'),
      projectionType: ProjectionType.KEYS_ONLY,
    });

    this.conflicts = this.table('Conflicts', 'id', 'item');
    // By the job that opened a conflict; by the job that saw it last, where that is another.
    for (const [indexName, partitionKey] of Object.entries(CONFLICT_INDEXES)) {
      this.conflicts.addGlobalSecondaryIndex({
        indexName,
        partitionKey: text(partitionKey),
        sortKey: text('place'),
        projectionType: ProjectionType.ALL,
      });
    }

    this.audit = this.table('Audit', 'job_id', 'position', this.#auditPolicy);
    this.registry = this.table('Registry', 'kind', 'name');
  }

  readJobs(fn: ServiceFunction): void {
    fn.allow(['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'], [this.jobs.tableArn]);
    fn.allow(['dynamodb:Query'], [`${this.jobs.tableArn}/index/by_start`, `${this.jobs.tableArn}/index/by_care`]);
  }

  writeJobs(fn: ServiceFunction): void {
    this.readJobs(fn);
    fn.allow(['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:BatchWriteItem'], [this.jobs.tableArn]);
  }

  readConflicts(fn: ServiceFunction): void {
    fn.allow(['dynamodb:GetItem'], [this.conflicts.tableArn]);
    fn.allow(['dynamodb:Query'], this.conflictLists());
  }

  /** Conflicts and resolutions are put on conditions; retention alone deletes. */
  writeConflicts(fn: ServiceFunction): void {
    this.readConflicts(fn);
    fn.allow(['dynamodb:BatchGetItem', 'dynamodb:PutItem'], [this.conflicts.tableArn]);
  }

  readAudit(fn: ServiceFunction): void {
    fn.allow(['dynamodb:GetItem', 'dynamodb:Query'], [this.audit.tableArn]);
  }

  /** Events are put, never changed: the table's own policy refuses everybody else's updates and deletes too. */
  appendAudit(fn: ServiceFunction): void {
    fn.allow(['dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:Query'], [this.audit.tableArn]);
  }

  /** The head of a job's trail is an item of the job, its last root a field of it; for those that tell events and do not write jobs. */
  moveTrailHeads(fn: ServiceFunction): void {
    fn.allow(['dynamodb:UpdateItem'], [this.jobs.tableArn]);
  }

  /** What jobs have to tell, with what is told of them; whoever has told it removes it from the job. */
  tellNotices(fn: ServiceFunction): void {
    fn.allow(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], [this.jobs.tableArn]);
    fn.allow(['dynamodb:Query'], [`${this.jobs.tableArn}/index/by_due`]);
    fn.allow(['dynamodb:Query'], [`${this.conflicts.tableArn}/index/by_opener`]);
  }

  /** The one function that deletes events, of whole jobs. To be called once. */
  eraseJobs(fn: ServiceFunction): void {
    fn.allow(['dynamodb:Query', 'dynamodb:DeleteItem'], [this.jobs.tableArn, this.audit.tableArn]);
    fn.allow(['dynamodb:Query', 'dynamodb:DeleteItem'], [this.conflicts.tableArn]);
    fn.allow(['dynamodb:Query'], [`${this.jobs.tableArn}/index/by_start`, ...this.conflictLists()]);
    fn.allow(['dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem'], [this.registry.tableArn]);
    this.#auditPolicy.addStatements(
      new PolicyStatement({
        sid: 'OnlyRetentionDeletes',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['dynamodb:DeleteItem'],
        resources: ['*'],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': fn.role.roleArn } },
      }),
    );
  }

  /** Versions of stored mappings and the list of their names; not their approvals. */
  keepMappings(fn: ServiceFunction): void {
    this.registryItems(
      fn,
      ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      ['mapping', 'mapping#*'],
    );
    this.readApprovals(fn);
  }

  /** For those who start jobs by a stored mapping. */
  readMappings(fn: ServiceFunction): void {
    this.registryItems(fn, ['dynamodb:GetItem'], ['mapping', 'mapping#*', 'mapping_approval']);
  }

  readApprovals(fn: ServiceFunction): void {
    this.registryItems(fn, ['dynamodb:GetItem'], ['mapping_approval']);
  }

  approveMappings(fn: ServiceFunction): void {
    this.registryItems(fn, ['dynamodb:PutItem'], ['mapping_approval']);
  }

  /** Rights to items of the registry by their partition, which is what they are. */
  private registryItems(fn: ServiceFunction, actions: readonly string[], kinds: readonly string[]): void {
    fn.role.addToPolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [this.registry.tableArn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...kinds] } },
      }),
    );
  }

  /** Items of schedules in the registry, and no other. */
  keepSchedules(fn: ServiceFunction): void {
    fn.role.addToPolicy(
      new PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
        resources: [this.registry.tableArn],
        conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['schedule', 'schedule_care'] } },
      }),
    );
    this.registryItems(fn, ['dynamodb:BatchGetItem'], ['schedule']);
  }

  /** Pairs, orders over them, and a look at schedules of their names. Pairs are in partitions by a hash of their names. */
  keepPairs(fn: ServiceFunction): void {
    this.registryItems(
      fn,
      ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
      ['pair#*', 'pair_jobs#*', 'fleet_order', 'fleet_listed', 'fleet_open', 'fleet_page#*'],
    );
    this.registryItems(fn, ['dynamodb:BatchGetItem'], ['schedule']);
  }

  /** Items of webhooks in the registry, and no other. */
  keepWebhooks(fn: ServiceFunction, ...more: readonly ('PutItem' | 'DeleteItem')[]): void {
    fn.role.addToPolicy(
      new PolicyStatement({
        actions: ['GetItem', 'Query', 'UpdateItem', ...more].map((action) => `dynamodb:${action}`),
        resources: [this.registry.tableArn],
        conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['webhook'] } },
      }),
    );
  }

  /** Whether a schedule names an environment. */
  readSchedules(fn: ServiceFunction): void {
    this.registryItems(fn, ['dynamodb:Query'], ['schedule']);
  }

  /** For those who start jobs: rules of all environments hold for every start. */
  readEnvironments(fn: ServiceFunction): void {
    this.registryItems(fn, ['dynamodb:GetItem', 'dynamodb:Query'], ['environment']);
    this.registryItems(fn, ['dynamodb:GetItem'], ['environment_changes']);
  }

  keepEnvironments(fn: ServiceFunction): void {
    this.readEnvironments(fn);
    this.registryItems(fn, ['dynamodb:PutItem', 'dynamodb:DeleteItem'], ['environment']);
    this.registryItems(fn, ['dynamodb:PutItem'], ['environment_changes']);
  }

  /** For what takes the service out of a database. */
  removeEnvironments(fn: ServiceFunction): void {
    this.readEnvironments(fn);
    this.registryItems(fn, ['dynamodb:DeleteItem'], ['environment']);
    this.registryItems(fn, ['dynamodb:PutItem'], ['environment_changes']);
  }

  /** Calls under an Idempotency-Key. */
  keepCalls(fn: ServiceFunction): void {
    this.registryItems(fn, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'], ['idempotency']);
  }

  /** Requests of persons, and their use. Nobody deletes one. */
  useApprovals(fn: ServiceFunction): void {
    this.registryItems(fn, ['dynamodb:GetItem', 'dynamodb:PutItem'], ['approval']);
  }

  keepApprovals(fn: ServiceFunction): void {
    this.useApprovals(fn);
    this.registryItems(fn, ['dynamodb:Query'], ['approval']);
  }

  /** Enough to tell whether each table is there. */
  describe(fn: ServiceFunction): void {
    fn.allow(
      ['dynamodb:DescribeTable'],
      [this.jobs, this.conflicts, this.audit, this.registry].map((table) => table.tableArn),
    );
  }

  /** The indexes that list the conflicts of a job. */
  private conflictLists(): string[] {
    return Object.keys(CONFLICT_INDEXES).map((index) => `${this.conflicts.tableArn}/index/${index}`);
  }

  private table(id: string, partitionKey: string, sortKey: string, resourcePolicy?: PolicyDocument): Table {
    return new Table(this, id, {
      partitionKey: text(partitionKey),
      sortKey: text(sortKey),
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(resourcePolicy && { resourcePolicy }),
    });
  }
}

/**
 * Whatever a role allows, an audit event stays as it was written; `eraseJobs` says who may delete. No policy can ask a put for
 * its condition: that a put replaced an event is found by the chain.
 */
const appendOnly = () =>
  new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: 'AppendOnly',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['dynamodb:UpdateItem', 'dynamodb:BatchWriteItem', 'dynamodb:PartiQLUpdate', 'dynamodb:PartiQLDelete'],
        resources: ['*'], // a resource policy speaks of its own table; naming it would be a cycle
      }),
    ],
  });
