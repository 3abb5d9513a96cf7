import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../lib/model/connection.ts';
import { holdConnections } from '../../../lib/orchestrator/held-connections.ts';
import { decideSweep, sweep } from '../../../lib/orchestrator/sweep.ts';
import type { ConnectAs, Database, Databases, TargetDatabase } from '../../../lib/ports.ts';
import { memoryAuditLog, memoryConflictStore, memoryJobStore } from '../../contract/memory.ts';
import { sampleConflict, sampleJob } from '../../contract/samples.ts';
import { memoryLog, memorySecrets } from '../../support/memory-ports.ts';

const ENDED = '2026-11-23T10:00:00.000Z';
const later = (minutes: number) => new Date(Date.parse(ENDED) + minutes * 60_000);
const DAY = 24 * 60;

describe('connections of a job with conflicts', () => {
  it.each([
    ['has none', undefined, false, 0, 'forget'],
    ['has some that wait', 2, true, 3 * DAY, 'leave'],
    ['had some, all closed', 2, false, 11, 'forget'],
    ['had some, seen as closed a moment after the end', 2, false, 9, 'leave'],
    ['has some that wait too long', 2, true, 7 * DAY + 1, 'clean'],
  ] as const)('one that %s', (_, open_conflicts, needed, minutes, expected) => {
    const job = sampleJob({
      state: 'completed_with_issues',
      ended_at: ENDED,
      audit_root: { events: 1, hash: 'h', at: ENDED },
      ...(open_conflicts !== undefined && { open_conflicts }),
    });

    expect(decideSweep(job, 'ended', later(minutes), needed)).toBe(expected);
  });

  it.each([
    ['put rows aside', 3 * DAY, 'leave'],
    ['put rows aside too long ago', 7 * DAY + 1, 'clean'],
  ] as const)('are kept by one that %s', (_, minutes, expected) => {
    const root = { events: 1, hash: 'h', at: ENDED };
    const job = sampleJob({ state: 'completed_with_issues', ended_at: ENDED, audit_root: root, quarantined: 3 });

    expect(decideSweep(job, 'ended', later(minutes), false)).toBe(expected);
  });

  it('are kept while an open conflict was seen last by it, then forgotten, and said to be gone', async () => {
    const id = randomUUID();
    const job = sampleJob({
      job_id: id,
      state: 'completed_with_issues',
      ended_at: ENDED,
      open_conflicts: 1,
      audit_root: { events: 1, hash: 'h', at: ENDED },
      secret_ref: id,
    });
    const conflict = sampleConflict(id);
    const [jobs, conflicts, secrets] = [memoryJobStore(), memoryConflictStore(), memorySecrets()];
    await jobs.create(job);
    await conflicts.put([conflict]);
    const end = { host: 'h', port: 1, database: 'd', user: 'u' };
    await secrets.put(id, { source: end, target: end });
    const ports = {
      jobs,
      conflicts,
      secrets,
      audit: memoryAuditLog(),
      log: memoryLog(),
      clock: () => later(60),
      databases: {} as Databases, // none is opened
      workflow: {} as Parameters<typeof sweep>[0]['workflow'], // nothing runs
    };

    await sweep(ports);
    expect(await secrets.get(id)).toBeDefined();

    await conflicts.put([{ ...conflict, version: 2, seen_by: randomUUID() }]); // a later job leads to it now
    await sweep(ports);

    await expect(secrets.get(id)).rejects.toThrow('no such secret');
    expect(await jobs.get(id)).toMatchObject({ state: 'completed_with_issues', secret_removed: true });
    expect(await jobs.listToSweep()).toEqual([]);
  });
});

describe('connections that are held', () => {
  const as = (name: string): ConnectAs => ({ name, statementTimeoutMs: 1 });
  const at = (database: string): Connection => ({ host: 'h', port: 5432, database, user: 'u' });

  function server() {
    const opened: string[] = [];
    const closed: string[] = [];
    const open = async (side: string, { database }: Connection) => {
      opened.push(`${side} ${database}`);
      return { close: async () => void closed.push(`${side} ${database}`) } as unknown as TargetDatabase; // no more is asked
    };
    const databases: Databases = {
      source: (c) => open('source', c) as Promise<Database>,
      target: (c) => open('target', c),
      planSegments: async () => [],
    };
    return { opened, closed, databases };
  }

  it('are opened once each, stay open for the next, and are closed at the end', async () => {
    const { opened, closed, databases } = server();
    const held = holdConnections({ databases, secrets: memorySecrets() });

    for (let i = 0; i < 3; i++) {
      const [source, target] = [
        await held.databases.source(at('a'), as('job/1')),
        await held.databases.target(at('b'), as('job/1')),
      ];
      await Promise.all([source.close(), target.close()]);
    }
    await (await held.databases.target(at('c'), as('job/1'))).close();

    expect([opened, closed]).toEqual([['source a', 'target b', 'target c'], []]);
    await held.release();
    expect(closed.toSorted()).toEqual(['source a', 'target b', 'target c']);
    await held.release();
    expect(closed).toHaveLength(3);
  });

  it('asks for a secret once', async () => {
    const secrets = memorySecrets();
    await secrets.put('ref', { source: at('a'), target: at('b') });
    const asked: string[] = [];
    const get = (ref: string) => {
      asked.push(ref);
      return secrets.get(ref);
    };
    const counting = { ...secrets, get };
    const held = holdConnections({ databases: server().databases, secrets: counting });

    await held.secrets.get('ref');
    await held.secrets.get('ref');

    expect(asked).toEqual(['ref']);
  });
});
