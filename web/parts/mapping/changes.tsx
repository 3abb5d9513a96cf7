import type { MappingView } from '../../../lib/model/stored-mapping.ts';

/** What a version changes against the one in force; where none is, what each column is made of. */
export function MappingChanges({ view }: { readonly view: MappingView }) {
  const against = view.compared_with;
  if (against === null || against === view.version) return <Columns view={view} />;
  return (
    <section aria-labelledby="changes-title">
      <h2 id="changes-title">Changes against version {against}, which is in force</h2>
      {view.diff.length === 0 ? (
        <p>Nothing is different.</p>
      ) : (
        <div class="scroll">
          <table class="cards changes">
            <caption class="only-read">What the version changes</caption>
            <thead>
              <tr>
                <th scope="col">Where</th>
                <th scope="col">In force</th>
                <th scope="col">This version</th>
              </tr>
            </thead>
            <tbody>
              {view.diff.map(({ table, column, before, after }) => (
                <tr key={`${table} ${column}`}>
                  <th scope="row">
                    {table}
                    {column !== undefined && `.${column}`}
                  </th>
                  <td data-label="In force">
                    <del>{madeOf(before)}</del>
                  </td>
                  <td data-label="This version">
                    <ins>{madeOf(after)}</ins>
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

function Columns({ view }: { readonly view: MappingView }) {
  return (
    <section aria-labelledby="columns-title">
      <h2 id="columns-title">What each column is made of</h2>
      {Object.entries(view.mapping).map(([table, { from, columns, unnamed }]) => (
        <div key={table} class="scroll">
          <table class="cards made">
            <caption>
              <strong>{table}</strong> from {from}
              {unnamed === 'omit' ? '; other columns are left alone' : '; other columns from their namesakes'}
            </caption>
            <thead>
              <tr>
                <th scope="col">Column</th>
                <th scope="col">Made of</th>
              </tr>
            </thead>
            <tbody>
              {Object.entries(columns).map(([column, source]) => (
                <tr key={column}>
                  <th scope="row">{column}</th>
                  <td>{madeOf(source)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
    </section>
  );
}

/** In one line, as people say it where it is short, else as it is written. */
function madeOf(source: unknown): string {
  if (source === null || source === undefined) return 'nothing';
  if (typeof source === 'string') return source;
  if (typeof source === 'object' && 'expression' in source) return `= ${String(source.expression)}`;
  return JSON.stringify(source);
}
