import type { Job } from '../../../lib/model/job.ts';
import type { Schedule } from '../../../lib/model/schedule.ts';
import type { FleetLooks } from '../../../lib/ports.ts';
import { calling } from '../errors.ts';
import { entity } from './job-store.ts';
import { getAll, type Table } from './table.ts';

/** Items that job-store.ts and schedule-store.ts write, a hundred at a time. */
export function dynamoFleetLooks(tables: { readonly jobs: Table; readonly registry: Table }): FleetLooks {
  return {
    jobs: (ids) =>
      calling('jobs table', async () => {
        const keys = [...new Set(ids)].map((job_id) => ({ job_id, item: 'job' }));
        const items = await getAll(tables.jobs, keys);
        return new Map(items.map((item) => [String(item.job_id), entity<Job>(item)]));
      }),
    schedules: (names) =>
      calling('registry table', async () => {
        const keys = names.map((name) => ({ kind: 'schedule', name }));
        const items = await getAll(tables.registry, keys);
        return new Map(items.map(({ kind, ...item }) => [String(item.name), item as unknown as Schedule]));
      }),
  };
}
