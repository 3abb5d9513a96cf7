import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Dependency, type Service, startService } from '../../local/service.ts';
import { scratchFolder } from './support.ts';

// In this process, because an outage is nothing that a running service offers to be caused from outside.
let service: Service;
const folder = scratchFolder();
beforeAll(async () => {
  service = await startService({ port: 0, dataDir: folder.path, auth: 'token' });
});
afterAll(async () => {
  await service.stop();
  folder[Symbol.dispose]();
});

interface Health {
  readonly status: string;
  readonly dependencies: readonly { readonly name: string; readonly status: string; readonly error?: string }[];
}

async function health(): Promise<{ http: number; said: string; down: readonly string[]; up: readonly string[] }> {
  const answer = await fetch(`${service.url}/api/sync/health`);
  const { status, dependencies } = (await answer.json()) as Health;
  const names = (wanted: string) => dependencies.filter((d) => d.status === wanted).map((d) => d.name);
  return { http: answer.status, said: status, down: names('down'), up: names('up') };
}

const parts: readonly { readonly outage: Dependency; readonly named: readonly string[] }[] = [
  { outage: 'dynamodb', named: ['jobs_table', 'conflicts_table', 'audit_table', 'registry_table'] },
  { outage: 'sqs', named: ['segment_queue'] },
  { outage: 'states', named: ['sync_job_machine', 'sync_table_machine'] },
  { outage: 'secrets', named: ['secrets'] },
];
const everything = parts.flatMap(({ named }) => named);

test.for(parts)(
  'health names what $outage carries while it is down, and nothing else, and recovers with it',
  async ({ outage, named }) => {
    const before = await health();
    service.setOutage(outage, true);
    const during = await health();
    service.setOutage(outage, false);
    const after = await health();

    expect(before).toMatchObject({ http: 200, said: 'ok', down: [] });
    expect(during).toMatchObject({ http: 503, said: 'degraded', down: named });
    expect([...during.down, ...during.up].sort()).toEqual([...everything].sort());
    expect(after).toMatchObject({ http: 200, said: 'ok', down: [], up: before.up });
  },
);

test('health names everything that is down at once', async () => {
  for (const { outage } of parts) service.setOutage(outage, true);
  const during = await health();
  for (const { outage } of parts) service.setOutage(outage, false);

  expect(during).toMatchObject({ http: 503, down: everything, up: [] });
  expect((await health()).http).toBe(200);
});
