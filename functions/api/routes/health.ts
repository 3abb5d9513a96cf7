import * as z from 'zod';
import type { Dependency } from '../../aws/dependencies.ts';
import { errorName } from '../../aws/errors.ts';
import { defineRoute } from '../route.ts';

/** Below the patience of load balancers and people, above any answer of a service that is well. */
const PATIENCE_MS = 2000;

const dependencyHealth = z.object({
  name: z.string(),
  status: z.enum(['up', 'down']),
  latency_ms: z.int(),
  error: z.string().optional().meta({ description: 'A short code, for example timeout.' }),
});
export const healthView = z
  .object({ status: z.enum(['ok', 'degraded']), dependencies: z.array(dependencyHealth), version: z.string() })
  .meta({ id: 'Health' });

export const healthRoute = defineRoute({
  method: 'GET',
  path: '/api/sync/health',
  role: 'open',
  runs: 'queries',
  summary: 'Whether the service and everything behind it answers',
  responses: {
    200: { description: 'Everything answers.', schema: healthView },
    503: { description: 'Something does not; dependencies names it.', schema: healthView },
  },

  handle: async (_request, { settings }, { dependencies }) => {
    const body = await healthOf(dependencies, settings.version);
    return { status: body.status === 'ok' ? 200 : 503, body };
  },
});

/** What is behind the service, each asked at once. */
export async function healthOf(
  dependencies: readonly Dependency[],
  version: string,
): Promise<z.infer<typeof healthView>> {
  const found = await Promise.all(dependencies.map(probe));
  return { status: found.every((d) => d.status === 'up') ? 'ok' : 'degraded', dependencies: found, version };
}

async function probe(dependency: Dependency): Promise<z.infer<typeof dependencyHealth>> {
  const startedMs = performance.now();
  const error = await failureOf(dependency);
  return {
    name: dependency.name,
    status: error === undefined ? 'up' : 'down',
    latency_ms: Math.round(performance.now() - startedMs),
    ...(error !== undefined && { error }),
  };
}

/** Answers in time even where the check ignores its signal. */
async function failureOf(dependency: Dependency): Promise<string | undefined> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const timeout = new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('timeout')));
  const checked = async () => {
    try {
      await dependency.check(signal);
      return undefined;
    } catch (error) {
      return signal.aborted ? 'timeout' : errorName(error);
    }
  };
  return Promise.race([checked(), timeout]);
}
