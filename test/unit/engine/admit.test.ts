import { describe, expect, it } from 'vitest';
import { type Environment, environmentsAt } from '../../../lib/model/environment.ts';
import type { SyncError } from '../../../lib/model/errors.ts';
import { admit, type Wanted } from '../../../lib/orchestrator/admit.ts';
import { jobConfigSchema } from '../../../lib/orchestrator/config-schema.ts';
import { decideApproval } from '../../../lib/orchestrator/decide-approval.ts';
import { memoryAuditLog } from '../../contract/memory.ts';
import { sampleEnvironment } from '../../contract/samples.ts';
import { noEnvironments } from '../../support/environments.ts';

const place = (host: string) => ({ host, port: 5432, database: 'd', user: 'u' });
const identity = (n: string) => ({ system_identifier: n, database_oid: '5', version_num: 180_004 });
const IDENTITIES = { source: identity('1'), target: identity('2') };
const wanted: Wanted = {
  pair: { source: place('a'), target: place('b') },
  config: jobConfigSchema.parse({}),
  actor: 'ada',
  subject: 'id-ada',
};
const named = (name: string, host: string, n: string): Environment =>
  sampleEnvironment({ name, connection: place(host), identity: identity(n), writable: true });

describe('an approval', () => {
  it('is used by one of several who come at the same instant, before any of them has done anything', async () => {
    const ports = { ...noEnvironments(), clock: () => new Date('2026-11-23T10:00:00Z') };
    await ports.environments.put({ ...named('production', 'b', '2'), protected: true });
    const asked = await admit(wanted, IDENTITIES, 'job:0', ports).catch((e: unknown) => e as SyncError);
    const id = String((asked as SyncError).facts.approval_id);
    const by = { actor: 'bob', subject: 'id-bob' };
    await decideApproval({ id, state: 'approved', by }, { ...ports, audit: memoryAuditLog() });

    const found = await Promise.allSettled([1, 2, 3].map((n) => admit(wanted, IDENTITIES, `job:${n}`, ports)));

    expect(found.filter((f) => f.status === 'fulfilled')).toHaveLength(1);
    for (const f of found) if (f.status === 'rejected') expect(f.reason).toMatchObject({ code: 'approval_decided' });
  });

  it('holds for the same start again, which nobody can take it away from any more', async () => {
    const ports = { ...noEnvironments(), clock: () => new Date('2026-11-23T10:00:00Z') };
    await ports.environments.put({ ...named('production', 'b', '2'), protected: true });
    const asked = await admit(wanted, IDENTITIES, 'job:1', ports).catch((e: unknown) => e as SyncError);
    const id = String((asked as SyncError).facts.approval_id);
    const by = { actor: 'bob', subject: 'id-bob' };
    await decideApproval({ id, state: 'approved', by }, { ...ports, audit: memoryAuditLog() });

    const first = await admit(wanted, IDENTITIES, 'job:1', ports);
    const again = await admit(wanted, IDENTITIES, 'job:1', ports);
    await first.withdraw();
    await again.withdraw();

    expect(again.approval).toEqual(first.approval);
    expect(await ports.approvals.get(id)).toMatchObject({ state: 'used', used_by: 'job:1' });
    for (const other of ['job:2', 'schedule:1'])
      await expect(admit(wanted, IDENTITIES, other, ports)).rejects.toMatchObject({ code: 'approval_required' });
  });

  it('is asked of nobody who cannot be told apart from others', async () => {
    const ports = { ...noEnvironments(), clock: () => new Date() };
    await ports.environments.put({ ...named('production', 'b', '2'), protected: true });
    const { subject: _, ...nobody } = wanted;

    await expect(admit(nobody, IDENTITIES, 'job:1', ports)).rejects.toMatchObject({ code: 'approval_required' });
    expect(await ports.approvals.list()).toEqual([]);
  });
});

it('a place that leads to another database by now is not what its environment was, by name or not', async () => {
  const ports = { ...noEnvironments(), clock: () => new Date() };
  await ports.environments.put(named('training', 'b', '3')); // and its host leads to 2

  for (const environments of [{ target: 'training' }, {}])
    await expect(admit({ ...wanted, environments }, IDENTITIES, 'job:1', ports)).rejects.toMatchObject({
      code: 'environment_moved',
      problems: [{ side: 'target', object: 'training' }],
    });
});

describe('the environments of a database', () => {
  const production = named('production', 'prod.example', '1');
  const training = named('training', 'train.example', '1'); // restored from a backup of it

  it.each([
    ['its own place, whatever other copy says the same of itself', 'train.example', '1', ['training']],
    ['its place in other letters', 'TRAIN.example', '9', ['training']],
    ['all that say the same, where its place is none', '10.0.0.7', '1', ['production', 'training']],
    ['none, where neither is known', '10.0.0.7', '9', []],
  ])('are those at %s', (_name, host, n, expected) => {
    const found = environmentsAt(place(host), identity(n), [production, training]);

    expect(found.map((e) => e.name)).toEqual(expected);
  });
});
