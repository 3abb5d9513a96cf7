import { useEffect } from 'preact/hooks';
import type { Health } from '../../../lib/model/answers.ts';
import { failures } from '../../api.ts';
import { useLive } from '../../ui.ts';
import { Chip } from '../state.tsx';

/** Each look asks every dependency of the service. */
const HEALTH_EVERY_MS = 15_000;

/** How the service and its parts are. */
export function HealthStrip() {
  const live = useLive<Health>('/api/sync/health', { everyMs: HEALTH_EVERY_MS, alsoData: [503] });
  const { body, problem } = live.state.value;
  const failed = failures.value;
  useEffect(() => {
    if (failed > 0 && !live.state.peek().problem) live.refresh(); // one that is known to be away is asked again anyway
  }, [failed]);
  if (!body) {
    return (
      <section class="health" aria-label="Health of the service" aria-busy={!problem}>
        {problem ? <Chip tone="bad" text={problem.detail} /> : <span class="fine">Asking how the service is…</span>}
      </section>
    );
  }
  const up = body.dependencies.filter((d) => d.status === 'up');
  const slowest = Math.max(0, ...up.map((d) => d.latency_ms));
  const well = body.status === 'ok';
  return (
    <section class="health" aria-label="Health of the service">
      <details open={!well}>
        <summary>
          {problem ? (
            <Chip tone="bad" text={problem.detail} />
          ) : (
            <Chip tone={well ? 'good' : 'bad'} text={well ? 'All is well' : 'Degraded'} />
          )}
          <span class="fine">
            {up.length} of {body.dependencies.length} parts answer, the slowest in {slowest} ms
          </span>
          <span class="fine version">Version {body.version}</span>
        </summary>
        <ul>
          {body.dependencies.map((d) => (
            <li key={d.name}>
              <Chip tone={d.status === 'up' ? 'good' : 'bad'} text={d.name.replaceAll('_', ' ')} />
              <span class="fine">{d.status === 'up' ? `${d.latency_ms} ms` : (d.error ?? 'no reason given')}</span>
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}
