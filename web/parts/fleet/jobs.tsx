import type { PairLastView } from '../../../lib/model/fleet-view.ts';
import { jobPath } from '../../address.ts';
import { Took } from '../took.tsx';
import { When } from '../when.tsx';
import { JobOutcome } from './table.tsx';

/** The last jobs of a pair, newest first. */
export function PairJobs({ jobs }: { readonly jobs: readonly PairLastView[] }) {
  return (
    <section aria-labelledby="jobs-title">
      <h2 id="jobs-title">Last jobs</h2>
      {jobs.length === 0 && <p class="fine">Neither an order nor a schedule has started one yet.</p>}
      {jobs.length > 0 && (
        <div class="scroll">
          <table class="cards pairs">
            <caption class="only-read">Jobs that orders and the schedule have started, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Job</th>
                <th scope="col">State</th>
                <th scope="col">Created</th>
                <th scope="col">Took</th>
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <tr key={job.job_id}>
                  <th scope="row" class="short">
                    <a href={jobPath(job.job_id)} title={job.job_id}>
                      {job.job_id.slice(0, 8)}
                    </a>
                  </th>
                  <td class="last">
                    <JobOutcome job={job} />
                  </td>
                  <td class="short" data-label="Created">
                    <When at={job.created_at} />
                  </td>
                  <td class="short" data-label="Took">
                    <Took job={job} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
