import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { dynamoConflictStore } from '../../functions/aws/dynamo/conflict-store.ts';
import { documentClient } from '../../functions/aws/dynamo/document.ts';
import { dynamoJobStore } from '../../functions/aws/dynamo/job-store.ts';
import { sampleConflict, sampleJob } from '../contract/samples.ts';
import type { LocalService } from './local-service.ts';

const PAGE = 100;
/** Issue 5: pages of 100 out of 100,000 open conflicts. */
const GOAL_MS = 300;

interface Options {
  readonly count: number;
  readonly say: (line: string) => void;
}

const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** One job with many open conflicts, put straight into the store; then every page of them over the API, and their count. */
export async function conflicts(service: LocalService, { count, say }: Options): Promise<string> {
  const low = new DynamoDBClient({
    endpoint: service.dynamodbUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const client = documentClient(low);
  const { TableNames = [] } = await low.send(new ListTablesCommand({}));
  const table = (part: string) => ({
    name: () => TableNames.find((n) => n.includes(part)) ?? '',
    client: () => client,
  });
  const job = sampleJob({ state: 'completed_with_issues', ended_at: new Date().toISOString() });
  await dynamoJobStore(table('Jobs')).create(job);
  const store = dynamoConflictStore(table('Conflicts'));
  for (let i = 0; i < count; i += 1000) {
    const some = Array.from({ length: Math.min(1000, count - i) }, (_, j) =>
      sampleConflict(job.job_id, { key: [String(i + j)], opened_at: new Date(1.79e12 + i + j).toISOString() }),
    );
    await store.put(some);
    if (i % 10_000 === 0) say(`${i} stored`);
  }

  const times: number[] = [];
  const ids = new Set<string>();
  let token: string | undefined;
  do {
    const startedMs = performance.now();
    const page = await service.api.conflicts(job.job_id, {
      status: 'open',
      limit: String(PAGE),
      ...(token !== undefined && { next_token: token }),
    });
    times.push(performance.now() - startedMs);
    for (const c of page.conflicts) ids.add(c.conflict_id);
    token = page.next_token;
  } while (token !== undefined);
  const startedMs = performance.now();
  const preview = await service.api.previewAll(job.job_id, { side: 'source' });
  const countMs = performance.now() - startedMs;
  low.destroy();

  const sorted = times.toSorted((a, b) => a - b);
  const [p50, p99, most] = [at(sorted, 0.5), at(sorted, 0.99), sorted.at(-1)].map((ms) =>
    (ms ?? Number.NaN).toFixed(0),
  );
  return [
    `${count} open conflicts in one job, ${times.length} pages of ${PAGE} over the API: median ${p50} ms, p99 ${p99} ms, most ${most} ms; ${ids.size} different conflicts seen.`,
    `- p99 below ${GOAL_MS} ms: ${Number(p99) < GOAL_MS ? 'met' : 'MISSED'}`,
    `- preview of resolve-all counts ${preview.count} in ${(countMs / 1000).toFixed(1)} s`,
  ].join('\n');
}
