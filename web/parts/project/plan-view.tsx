import { number } from '../../../lib/model/figures.ts';
import type { ProjectPlanView } from '../../../lib/model/project-plan.ts';
import { roleOf, rowsIn } from '../../project/words.ts';
import { Copy } from '../copy.tsx';

const figure = (rows: number | null | undefined) => (rows === null || rows === undefined ? '?' : number(rows));

/** What a project is made of: its tables, how they hang together, and their rows on both sides. */
export function PlanView({ plan }: { readonly plan: ProjectPlanView }) {
  const { tables, excluded, missing_indexes: missing } = plan;
  const unknown = tables.some(({ rows }) => rows.source === null || rows.target === null);
  return (
    <div class="plan-view">
      <p role="status">
        {tables.length} {tables.length === 1 ? 'table' : 'tables'}: {figure(rowsIn(tables, 'source'))} rows in the
        source, {figure(rowsIn(tables, 'target'))} in the target.
        {unknown && <span class="fine"> ? is where counting took too long.</span>}
      </p>
      <div class="scroll">
        <table class="cards">
          <caption class="only-read">Tables of the project, in the order in which they are written</caption>
          <thead>
            <tr>
              <th scope="col">Table</th>
              <th scope="col">Role</th>
              <th scope="col">Way from the root</th>
              <th scope="col" class="figure">
                Source rows
              </th>
              <th scope="col" class="figure">
                Target rows
              </th>
            </tr>
          </thead>
          <tbody>
            {tables.map((table) => (
              <Row key={table.name} table={table} />
            ))}
          </tbody>
        </table>
      </div>
      <MissingIndexes missing={missing} />
      {excluded.length > 0 && (
        <details>
          <summary>
            {excluded.length} foreign {excluded.length === 1 ? 'key is' : 'keys are'} not followed
          </summary>
          <ul>
            {excluded.map(({ table, constraint, other, note }) => (
              <li key={`${constraint} ${table} ${other}`}>
                <strong>{table}</strong> by <code>{constraint}</code> of {other}: {note}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Row({ table: t }: { readonly table: ProjectPlanView['tables'][number] }) {
  const role = roleOf(t);
  const others = new Set(t.via.map(({ constraint }) => constraint).filter((name) => !t.path.includes(name)));
  return (
    <tr>
      <th scope="row">
        {t.name}
        {t.from !== undefined && t.from !== t.name && <span class="fine"> made of {t.from}</span>}
      </th>
      <td title={role.meaning}>{role.text}</td>
      <td data-label="Way">
        {t.path.length === 0 ? <span class="fine">begins here</span> : t.path.join(' → ')}
        {others.size > 0 && <span class="fine">, also {[...others].join(', ')}</span>}
      </td>
      <td class="figure" data-label="Source rows">
        {figure(t.rows.source)}
      </td>
      <td class="figure" data-label="Target rows">
        {figure(t.rows.target)}
      </td>
    </tr>
  );
}

function MissingIndexes({ missing }: { readonly missing: ProjectPlanView['missing_indexes'] }) {
  if (missing.length === 0) return null;
  const remedies = missing.map(({ remedy }) => remedy).join('\n');
  return (
    <details class="missing-indexes">
      <summary>
        {missing.length} foreign {missing.length === 1 ? 'key has' : 'keys have'} no index
      </summary>
      <p class="fine">Each look at the rows that refer by one of them reads its whole table.</p>
      <ul>
        {missing.map(({ side, table, constraint, columns, rows }) => (
          <li key={`${side} ${table} ${constraint}`}>
            {side}: <strong>{table}</strong> ({columns.join(', ')}), about {number(rows)} rows
          </li>
        ))}
      </ul>
      <p class="with-copy">
        An owner of the tables can run: <Copy text={remedies} what="the statements" />
      </p>
      <pre>
        <code>{remedies}</code>
      </pre>
    </details>
  );
}
