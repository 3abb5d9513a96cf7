import { setTimeout as pause } from 'node:timers/promises';

interface PairsOptions {
  /** Calls the API, and throws where that is refused. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of many routes
  readonly must: (method: string, path: string, body?: object) => Promise<{ readonly body: any }>;
  readonly sides: { readonly source_environment: string; readonly target_environment: string };
}

/** Keeps pairs of every state, with orders over them; the id of the one that is pictured. */
export async function makePairs({ must, sides }: PairsOptions): Promise<string> {
  const keep = (name: string, body: object) =>
    must('PUT', `/api/sync/pairs/${name}`, { ...sides, mode: 'full', ...body });
  const order = async (body: object, count: number) => {
    const { order_id } = (await must('POST', '/api/sync/fleet', { ...body, expected_count: count })).body;
    const path = `/api/sync/fleet/${order_id}`;
    while ((await must('GET', path)).body.state === 'working') await pause(200); // a person's script: nobody waits for it
    while ((await must('GET', '/api/sync/pairs?state=working')).body.pairs.length > 0) await pause(200);
    return String(order_id);
  };
  const only = (table: string) => ({ tables: { include: [`public.${table}`] } });
  await keep('parcels-to-training', { groups: ['counties', 'nightly'], config: only('parcels') });
  const sales = { ...only('sales'), max_quarantined_rows: 0, conflict_strategy: 'manual' };
  await keep('sales-to-training', { groups: ['counties'], description: 'Sales of the last years', config: sales });
  await keep('whole-county', { groups: ['counties', 'nightly'], description: 'All tables, for new staff' });
  const back = { source_environment: sides.target_environment, target_environment: sides.source_environment };
  await keep('training-to-county', { ...back, groups: ['counties'] });

  const nightly = { expression: 'cron(0 2 * * ? *)', timezone: 'America/Chicago', spread_minutes: 30 };
  await order({ action: 'schedule', filter: { group: 'nightly' }, schedule: nightly }, 2);
  await order({ action: 'start', filter: { names: ['sales-to-training'] }, note: 'after the import' }, 1);
  const dry = { action: 'start', dry_run: true, at_once: 1, note: 'before the roll closes' };
  return order({ ...dry, filter: { group: 'counties' } }, 4);
}
