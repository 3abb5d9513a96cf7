import type { JobConfig } from '../../lib/model/config.ts';
import { until } from '../e2e/support.ts';
import { createPair, type TestPair } from '../support/databases.ts';
import type { served } from './served.ts';

/** What stands in the paths of pages, by the names in their braces. */
export interface WalkedWorld {
  readonly params: Readonly<Record<string, string>>;
  readonly pair: TestPair;
  /** An order over pairs, which has ended. */
  readonly order: string;
}

const TABLE =
  'create table t (id int primary key, name text, n int); insert into t select i, $$n$$ || i, i from generate_series(1, 9) i';

const CONFIG: Partial<JobConfig> = {
  conflict_strategy: 'manual',
  project: { root: 'public.t', where: [{ column: 'id', op: 'gte', value: 1 }], parents: 'insert' },
};

/** A service that has one of everything that a page can show; what has a name is called `kept`. */
export async function walkedWorld(web: ReturnType<typeof served>): Promise<WalkedWorld> {
  const pair = await createPair();
  const { source, target } = pair;
  for (const { client } of [source, target]) await client.query(TABLE);
  const must = async (...asked: Parameters<typeof web.call>) => {
    const answer = await web.call(...asked);
    if (answer.status >= 300) throw new Error(`${asked[0]} ${asked[1]} answered ${answer.status}: ${answer.text}`);
    return answer.body;
  };
  await must('PUT', '/api/sync/environments/origin', { connection: source.url });
  await must('PUT', '/api/sync/environments/kept', { connection: target.url, writable: true });
  const sides = { source_environment: 'origin', target_environment: 'kept' };
  const run = async () =>
    web.service.waitForEnd((await must('POST', '/api/sync/full', { ...sides, config: CONFIG })).job_id);
  await run();
  await source.client.query(`update t set name = 's' || id where id < 4; update t set n = 1000 where id = 9`);
  await target.client.query(
    `update t set name = 't' || id where id < 4; alter table t add constraint small check (n < 100)`,
  );
  const { job_id, counts } = await run();
  if (counts.conflicts !== 3 || counts.quarantined !== 1) throw new Error(`not as meant: ${JSON.stringify(counts)}`);
  const { conflicts } = await must('GET', `/api/sync/conflicts/${job_id}`, undefined);

  const mapping = { 'public.t': { from: 'public.t', columns: { id: 'id' } } };
  await must('PUT', '/api/sync/mappings/kept', { mapping });
  await must('PUT', '/api/sync/schedules/kept', { ...sides, expression: 'rate(30 days)' });
  const kept = { ...sides, mode: 'full', groups: ['walked'], description: 'Looked at by every test' };
  await must('PUT', '/api/sync/pairs/kept', kept);
  const over = { action: 'start', dry_run: true, filter: { names: ['kept'] } };
  const { order_id } = await must('POST', '/api/sync/fleet', { ...over, expected_count: 1 });
  await until(
    'the order',
    async () => (await must('GET', `/api/sync/fleet/${order_id}`, undefined)).state === 'completed',
  );
  await web.service.waitForEnd((await must('GET', '/api/sync/pairs/kept', undefined)).last.job_id);
  await must('PUT', '/api/sync/webhooks/kept', { url: 'http://127.0.0.1:9/', paused: true });
  await must('PUT', '/api/sync/environments/second-person', {
    connection: target.url,
    writable: true,
    protected: true,
  });
  const asked = await web.call('POST', '/api/sync/full', { ...sides, config: {} });
  if (asked.body.code !== 'approval_required') throw new Error(`no request: ${asked.text}`);
  return { pair, order: order_id, params: { name: 'kept', job_id, conflict_id: conflicts[0].conflict_id } };
}
