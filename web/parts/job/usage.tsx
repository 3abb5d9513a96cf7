import type { JobStatus } from '../../../lib/model/answers.ts';
import type { PricedUsage } from '../../../lib/model/cost.ts';

/** What the job has used and what that costs; of a dry run also what the same job would use that writes. */
export function Usage({ job: { usage } }: { readonly job: JobStatus }) {
  if (!usage) return null;
  const { estimate } = usage;
  return (
    <>
      <h2>Cost</h2>
      <Bill used={usage} title="Used so far, at list prices" />
      {estimate && <Bill used={estimate} title="A run that writes would use about" />}
    </>
  );
}

function Bill({ used: { cost }, title }: { readonly used: PricedUsage; readonly title: string }) {
  return (
    <details>
      <summary>
        {title}: <strong>${cost.usd}</strong>
      </summary>
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Amount</th>
            <th scope="col">USD</th>
          </tr>
        </thead>
        <tbody>
          {cost.lines.map(({ what, amount, unit, usd }) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td>
                {amount.toLocaleString('en-US', { maximumFractionDigits: 3 })} {unit}
                {amount === 1 ? '' : 's'}
              </td>
              <td>{usd}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="fine">
        Prices of {cost.prices}, {cost.region}, without free tier. What is not in it: docs/cost.md.
      </p>
    </details>
  );
}
