import facts from 'virtual:facts';
import type { JobStatus } from '../../../lib/model/answers.ts';
import { configRows } from '../../job/config-rows.ts';
import { Copy } from '../copy.tsx';

/** The config as it was frozen at the start: what was given, then the defaults. */
export function Configuration({ job }: { readonly job: JobStatus }) {
  const rows = configRows(job.config as unknown as Record<string, unknown>, facts.config); // a config is an object of fields
  const given = rows.filter(({ usual }) => !usual).length;
  return (
    <section aria-labelledby="config-title">
      <div class="heading">
        <h2 id="config-title">Configuration</h2>
        <p class="fine">
          {given} given, {rows.length - given} as usual. Frozen when the job started.
        </p>
        <div class="actions">
          <Copy text={JSON.stringify(job.config, null, 2)} what="the configuration as JSON" />
        </div>
      </div>
      <div class="scroll">
        <table class="cards config-table">
          <caption class="only-read">Configuration of the job</caption>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Value</th>
              <th scope="col">What it does</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, value, usual, description }) => (
              <tr key={name} class={usual ? 'usual' : ''}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>
                  <span class="value">{value}</span>
                  {usual && <span class="fine"> default</span>}
                </td>
                <td class="fine">{description}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
