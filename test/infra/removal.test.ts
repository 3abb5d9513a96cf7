import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Resource, synthesize } from './synthesized.ts';

// What `cdk destroy` leaves is on the page, each with its reason and how it goes in the end, and the page changes only when somebody
// means it: `UPDATE_DOCS=1 npx vitest run test/infra/removal.test.ts` writes the table anew.

const PAGE = 'docs/uninstall.md';
const PART = /(<!-- generated:removal -->\n)([\s\S]*?)(<!-- \/generated -->)/;

/** By the logical id without its hash: why it is kept, and the command that deletes it; `X` is its name, an output of the stack. */
const KEPT: Readonly<Record<string, readonly [why: string, how: string]>> = {
  StateJobs: ['what every job was asked to do, and how it ended', 'delete-table'],
  StateConflicts: ['conflicts and who decided them', 'delete-table'],
  StateAudit: ['the audit trail, which has to outlive the service', 'delete-table'],
  StateRegistry: ['environments, schedules, mappings, approvals', 'delete-table'],
  SignInUsersPool: ['the accounts of people', 'delete-user-pool'],
  SignInUsersInvited: ['the first administrator, an account of the pool', 'with-pool'],
  SignInUsersInvitedRole: ['what makes them one', 'with-pool'],
  CustomerKey: ['without it nobody can read the tables that are kept', 'schedule-key-deletion'],
};

const HOW: Readonly<Record<string, string>> = {
  'delete-table':
    '`aws dynamodb update-table --table-name X --no-deletion-protection-enabled`, then `aws dynamodb delete-table --table-name X`',
  'delete-user-pool':
    '`aws cognito-idp update-user-pool --user-pool-id X --deletion-protection INACTIVE`, its domain, then `aws cognito-idp delete-user-pool --user-pool-id X`',
  'with-pool': 'goes with the pool',
  'schedule-key-deletion': '`aws kms schedule-key-deletion --key-id X`, last of all',
};

const plain = (logicalId: string) => logicalId.replace(/[0-9A-F]{8}$/, '');
const isKept = ({ DeletionPolicy = 'Delete' }: Resource) => DeletionPolicy !== 'Delete';

const { template } = synthesize({ customerManagedKey: 'true' });
const resources = Object.entries(template.Resources);

function table(): string {
  const kept = resources
    .filter(([, r]) => isKept(r))
    .map(([id, { Type }]) => {
      const [why = '', how = ''] = KEPT[plain(id)] ?? [];
      return `| kept | \`${plain(id)}\` (\`${Type}\`) | ${why} | ${HOW[how] ?? ''} |`;
    });
  const types = new Set(resources.filter(([, r]) => !isKept(r)).map(([, { Type }]) => Type));
  const rows = [...types].sort().map((type) => `| removed | \`${type}\` | | |`);
  return ['| | resource | why | deleted by |', '|---|---|---|---|', ...kept, ...rows, ''].join('\n');
}

test('the page lists what cdk destroy keeps, and everything else as removed', () => {
  const text = table();
  if (process.env.UPDATE_DOCS)
    writeFileSync(
      PAGE,
      readFileSync(PAGE, 'utf8').replace(PART, (_, head, _old, tail) => `${head}${text}${tail}`),
    );
  expect(PART.exec(readFileSync(PAGE, 'utf8'))?.[2]).toBe(text);
});

test('exactly those are kept that have a reason, and none of them can be deleted or replaced by an update', () => {
  const kept = resources.filter(([, r]) => isKept(r));
  expect(kept.map(([id]) => plain(id)).sort()).toEqual(Object.keys(KEPT).sort());
  for (const [, r] of kept) expect(r).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
});

test('logs, queues and what is made anew go with the stack; nothing that keeps data goes by default', () => {
  const stateful = /DynamoDB|Cognito::UserPool$|KMS::Key$|S3::Bucket|RDS|EFS|Backup|SecretsManager/;
  expect(resources.filter(([, r]) => stateful.test(r.Type) && !isKept(r))).toEqual([]);
  for (const [id, r] of resources.filter(([, { Type }]) => Type === 'AWS::Logs::LogGroup'))
    expect([id, r.DeletionPolicy]).toEqual([id, 'Delete']);
});

test('the page names what is made while the service runs, and no stack deletes: secrets of every prefix', () => {
  const page = readFileSync(PAGE, 'utf8');
  const prefixes = new Set(
    [...JSON.stringify(template).matchAll(/secret:\$\{AWS::StackName\}\/(\w+)\/\*/g)].map((m) => m[1]),
  );
  expect(prefixes.size).toBeGreaterThan(3);
  for (const prefix of prefixes) expect(page).toContain(`\`<stack>/${prefix}/\``);
});
