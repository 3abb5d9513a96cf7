import type { MappingPreview } from '../../../lib/model/suggestion.ts';

/** Some rows of a table as a mapping would make them. */
export function Preview({ preview: { table, columns, rows, hidden } }: { readonly preview: MappingPreview }) {
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section class="scroll" aria-label={`Rows of ${table} as they would arrive`} tabIndex={0}>
        <table class="made previewed">
          <caption>
            <strong>{table}</strong>, rows as they would arrive
          </caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                {row.map((value) => (
                  <td>{value ?? <em>NULL</em>}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length === 0 && <p class="fine">The source has no rows of it.</p>}
      {hidden.length > 0 && <p class="fine">Not shown, because not masked: {hidden.join(', ')}</p>}
    </>
  );
}
