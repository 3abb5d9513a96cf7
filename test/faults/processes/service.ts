import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { routes } from '../../../functions/api/routes/index.ts';
import { pages } from '../../../functions/web/pages.ts';
import { buildAll, buildFunctions } from '../../../infra/build.ts';
import { createApp } from '../../../infra/synth.ts';
import type { StatusView } from '../../../lib/orchestrator/status.ts';
import { type Service, type ServiceOptions, startService } from '../../../local/service.ts';
import { checkLeaks } from '../../support/leaks/check.ts';
import { record } from '../../support/leaks/record.ts';

/** The whole service whose functions obey orders, each in processes of its own. `await using` ends it. */
export interface BreakableService extends AsyncDisposable {
  readonly service: Service;
  /** Where orders lie (lib/failpoint.ts). */
  readonly orders: string;
  post(path: string, body: unknown): Promise<{ readonly status: number; readonly body: Record<string, string> }>;
  status(jobId: string): Promise<StatusView>;
  /** What the functions' logs say last of a job, and what the service counted: for one that does not come to its end. */
  told(jobId: string): string;
}

/** Lines of a log that one looks at. */
const LAST_LINES = 40;

/** More processes than jobs keep busy, so that frozen ones keep nobody waiting; and connections for all of them. */
const PARAMETERS = { MaxWorkers: '26', DatabaseConnectionBudget: '120' };

/** Builds the real functions with failpoints, synthesizes the real stack over them, and runs it on this machine. */
export async function breakableService(options: Pick<ServiceOptions, 'through'> = {}): Promise<BreakableService> {
  const folder = mkdtempSync(join(tmpdir(), 'tfsync-l3-'));
  const path = (name: string) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };
  const [orders, distDir, outDir, dataDir] = ['orders', 'functions', 'assembly', 'data'].map(path) as [
    string,
    string,
    string,
    string,
  ];
  await buildAll(distDir); // with the pages; its functions are then built anew, larger by the failpoints
  await buildFunctions({ outDir: distDir, failpoints: orders, limitBytes: 700_000 });
  createApp({ routes: [...routes, ...pages], distDir, outDir }).app.synth();
  const [heardFile, secretsFile] = [join(folder, 'heard'), join(folder, 'secrets')];
  record(heardFile, secretsFile);
  const printed: string[] = [];
  const service = await startService({
    port: 0,
    dataDir,
    log: (line) => printed.push(line),
    auth: 'none',
    assembly: outDir,
    parameters: PARAMETERS,
    ...options,
  });

  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${service.url}${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, string> }; // as the routes declare
  };
  return {
    service,
    orders,
    post: (path, body) =>
      call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    async status(jobId) {
      for (;;) {
        const { status, body } = await call(`/api/sync/status/${jobId}`);
        if (status === 200) return body as unknown as StatusView;
        if (status < 500) throw new Error(`status answered ${status}: ${JSON.stringify(body)}`);
      } // its own endpoints may be disturbed
    },
    told(jobId) {
      const lines = readdirSync(join(dataDir, 'logs'))
        .flatMap((file) => readFileSync(join(dataDir, 'logs', file), 'utf8').split('\n'))
        .filter((line) => line.startsWith('{') && line.includes(jobId));
      const at = (line: string) => String(/"timestamp":"([^"]+)"/.exec(line)?.[1]);
      const last = lines.sort((a, b) => at(a).localeCompare(at(b))).slice(-LAST_LINES);
      const busy = service.processes().filter((p) => p.busy);
      const figures = [busy, service.counters()].map((what) => JSON.stringify(what));
      return [...last, ...figures, ...printed.slice(-LAST_LINES)].join('\n');
    },
    async [Symbol.asyncDispose]() {
      await service.stop();
      const output = printed.join('\n');
      checkLeaks({ heardFile, secretsFile, dataDir, output }, { ran: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
