import type { Ref } from 'preact';
import type { ConflictView } from '../../../lib/model/conflict-answers.ts';
import { STATE_WORDS, TYPE_WORDS } from '../../conflict-words.ts';
import { Chip } from '../state.tsx';
import { When } from '../when.tsx';

interface ConflictTableProps {
  readonly caption: string;
  readonly conflicts: readonly ConflictView[];
  /** The page of a conflict. */
  readonly hrefOf: (conflict: ConflictView) => string;
  /** Its rows, for keys that move among their links. */
  readonly body?: Ref<HTMLTableSectionElement>;
}

/** Conflicts in their order. */
export function ConflictTable({ caption, conflicts, hrefOf, body }: ConflictTableProps) {
  return (
    <div class="scroll">
      <table class="cards conflicts">
        <caption class="only-read">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Kind</th>
            <th scope="col">Columns that differ</th>
            <th scope="col">Opened</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody {...(body && { ref: body })}>
          {conflicts.map((conflict) => (
            <Row key={conflict.conflict_id} conflict={conflict} href={hrefOf(conflict)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ conflict, href }: { readonly conflict: ConflictView; readonly href: string }) {
  const first =
    conflict.changed.length === 0 ? undefined : conflict.preview.find((p) => ![p.source, p.target].some(isBinary));
  const type = TYPE_WORDS[conflict.type];
  const { tone, text, meaning } = STATE_WORDS[conflict.state];
  return (
    <tr>
      <th scope="row">
        <a href={href}>
          {conflict.table} <span class="key">{conflict.key.join(', ')}</span>
        </a>
      </th>
      <td title={type?.meaning}>{type?.text ?? conflict.type}</td>
      <td data-label="Differ">
        {conflict.changed.length === 0 ? (
          <span class="fine">the whole row</span>
        ) : (
          <span>{conflict.changed.join(', ')}</span>
        )}
        {first && (
          <span class="fine first">
            <Value value={first.source} /> <span class="only-read">in the source, in the target</span>
            <span aria-hidden="true">↔</span> <Value value={first.target} />
          </span>
        )}
      </td>
      <td class="short" data-label="Opened">
        <When at={conflict.opened_at} />
      </td>
      <td>
        <Chip tone={tone} text={text} title={meaning} />
      </td>
    </tr>
  );
}

/** Shapes and bytes in hexadecimal say nothing in a list. */
const isBinary = (value: string | null): boolean => value !== null && /^(\\x)?[0-9A-Fa-f]{32,}…?$/.test(value);

/** Characters of a value in a list. */
const SHOWN = 32;

function Value({ value }: { readonly value: string | null }) {
  if (value === null) return <em>NULL</em>;
  return <q>{value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value}</q>;
}
