import type { UsageView } from '../../lib/model/cost.ts';
import { USAGE_FIGURES } from '../../lib/model/usage.ts';
import type { Cluster } from './cluster.ts';
import { runJob } from './job-run.ts';
import type { LocalService } from './local-service.ts';
import { table } from './report.ts';
import { type Kind, makeWorkload, sourceOf, targetOf } from './workload.ts';

const SCRATCH = 'scratch';

/** What jobs over one table say that they have used: a target that is equal, one in which rows differ all over, and an empty one. */
export async function usage(
  cluster: Cluster,
  service: LocalService,
  { rows, say }: { readonly rows: number; readonly say: (line: string) => void },
): Promise<string> {
  const kinds: readonly Kind[] = ['none', 'u'];
  await makeWorkload(cluster, rows, kinds);
  const runs: [string, UsageView][] = [];
  const one = async (name: string, kind: Kind, prepare?: string) => {
    await cluster.copy(targetOf(rows, kind), SCRATCH);
    if (prepare !== undefined) await cluster.use(SCRATCH, (client) => client.query(prepare));
    const pair = { source: cluster.url(sourceOf(rows)), target: cluster.url(SCRATCH) };
    const { status, wholeSeconds } = await runJob(service.api, pair, {
      delete_mode: 'mirror',
      max_delete_percent: 100,
    });
    const { usage: told } = await service.api.status(status.job_id);
    if (!told) throw new Error('The job does not say what it has used.');
    runs.push([name, told]);
    say(`${name}: ${wholeSeconds.toFixed(2)} s, ${told.cost.usd} USD`);
  };
  await one('first, functions start cold', 'none');
  await one('equal', 'none');
  await one('0.2 % differ, all over', 'u');
  await one('empty target', 'none', 'truncate parcels');
  const lines = [
    ['', ...runs.map(([name]) => name)],
    ...USAGE_FIGURES.map((figure) => [figure, ...runs.map(([, { figures }]) => String(figures[figure]))]),
    ['USD', ...runs.map(([, { cost }]) => cost.usd)],
  ];
  return [`${rows} rows; what the jobs say of themselves`, '', table(lines)].join('\n');
}
