import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Api } from '../../cli/api.ts';
import { cpuSeconds } from './cpu-time.ts';

/** The whole service in its own process, as `npm run serve` starts it. */
export interface LocalService extends AsyncDisposable {
  readonly api: Api;
  readonly url: string;
  /** Lets its bearer do everything. */
  readonly token: string;
  /** Where the emulated DynamoDB answers. */
  readonly dynamodbUrl: string;
  /** The most memory that any worker process has had since the service started, in MB (2^20 bytes). */
  workerPeakMb(): Promise<number>;
  /** The function processes that run now. */
  processes(): Promise<readonly { readonly function: string; readonly pid: number; readonly busy: boolean }[]>;
  /** CPU seconds used so far by the service, its functions and the emulated AWS. */
  cpuSeconds(): number;
}

const SERVE = fileURLToPath(new URL('../../local/serve.ts', import.meta.url));

interface Counters {
  readonly functions: Readonly<Record<string, { readonly peakBytes: number }>>;
}

/** Starts the service in a folder of its own and waits until it answers. */
export async function startLocalService(): Promise<LocalService> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tfsync-bench-service-'));
  const child = spawn(process.execPath, [SERVE, '--port', '0', '--json', '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  process.once('exit', () => child.kill('SIGTERM'));
  const first = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
  const line = first[0];
  if (typeof line !== 'string') throw new Error(`The service ended with ${line} before it was ready.`);
  const { url, token } = JSON.parse(line) as { url: string; token: string }; // serve.ts prints both
  const places = JSON.parse(readFileSync(join(dataDir, 'service.json'), 'utf8'));
  const { controlUrl, dynamodbUrl } = places as { controlUrl: string; dynamodbUrl: string };
  return {
    dynamodbUrl,
    url,
    token,
    api: new Api({
      url: new URL(url),
      token,
      fetch,
      userAgent: 'terrafusion-bench',
      interrupted: new AbortController().signal,
      pause: async (ms) => void (await pause(ms)),
      random: Math.random,
    }),
    async workerPeakMb() {
      const answer = await fetch(new URL('/_local/counters', controlUrl));
      const { functions } = (await answer.json()) as Counters; // local/service.ts
      const worker = Object.entries(functions).find(([name]) => name.includes('SyncSegment'));
      return (worker?.[1].peakBytes ?? 0) / 2 ** 20;
    },
    async processes() {
      const answer = await fetch(new URL('/_local/processes', controlUrl));
      const { processes } = (await answer.json()) as { processes: Awaited<ReturnType<LocalService['processes']>> }; // local/service.ts
      return processes;
    },
    cpuSeconds: () => cpuSeconds(child.pid ?? 0),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
