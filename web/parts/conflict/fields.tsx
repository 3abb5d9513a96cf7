import { useSignal } from '@preact/signals';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { ConflictDetail, ConflictField, ShapeView } from '../../../lib/model/conflict-answers.ts';
import { type Choice, type Choices, resultOf, type Side } from '../../decision.ts';
import { fieldProblem } from '../../field-check.ts';
import { kindOf } from '../../geometry/measures.ts';
import { Compared } from './compared.tsx';
import { ShapeMap } from './shape-map.tsx';

interface FieldTableProps {
  readonly fields: readonly ConflictField[];
  readonly sides: ConflictDetail['sides'];
  /** Absent: there is nothing to choose. */
  readonly choices?: Choices;
  readonly onChoose?: (column: string, choice: Choice) => void;
  /** The rows are as they were before the decision. */
  readonly past?: boolean;
  /** What the row of the target holds since, where that is known. */
  readonly written?: Readonly<Record<string, string | null | undefined>> | undefined;
  /** What the service said of values that were sent, by column. */
  readonly refused?: Readonly<Record<string, string>> | undefined;
}

/** Every column of both rows: those that differ, and the others when somebody asks for them. */
export function FieldTable({ fields, sides, choices, onChoose, past = false, written, refused }: FieldTableProps) {
  const differing = fields.filter((f) => f.differs);
  const alike = fields.filter((f) => !f.differs);
  const all = useSignal(differing.length === 0);
  if (fields.length === 0) return <p class="empty">Both rows cannot be read any more.</p>;
  const shown = all.value ? [...differing, ...alike] : differing;
  return (
    <section aria-labelledby="fields-title">
      <div class="heading">
        <h2 id="fields-title">
          {differing.length === 0
            ? 'Columns'
            : `${differing.length} of ${fields.length} columns ${past ? 'differed' : 'differ'}`}
        </h2>
        {sides.source === 'none' && <span class="chip warning">The source {past ? 'had' : 'has'} no such row</span>}
        {sides.target === 'none' && <span class="chip warning">The target {past ? 'had' : 'has'} no such row</span>}
        {past && <span class="fine">Source and target as they were before the decision.</span>}
        {sides.base === 'unknown' && <span class="fine">The values of the last decision are not known.</span>}
        {alike.length > 0 && differing.length > 0 && (
          <label class="all">
            <input
              type="checkbox"
              checked={all.value}
              onChange={(event) => (all.value = event.currentTarget.checked)}
            />
            Show all columns
          </label>
        )}
      </div>
      {shown.map((field) => (
        <Field
          key={field.column}
          field={field}
          sides={sides}
          choice={choices?.[field.column]}
          onChoose={onChoose}
          refused={refused?.[field.column]}
          past={past}
          written={written && { value: written[field.column] }}
        />
      ))}
    </section>
  );
}

interface FieldProps {
  readonly field: ConflictField;
  readonly sides: ConflictDetail['sides'];
  readonly choice: Choice | undefined;
  readonly onChoose: FieldTableProps['onChoose'];
  readonly refused: string | undefined;
  readonly past: boolean;
  readonly written: { readonly value: string | null | undefined } | undefined;
}

const CHANGED_BY = {
  source: 'changed in the source',
  target: 'changed in the target',
  both: 'changed in both',
} as const;

function Field({ field, sides, choice, onChoose, refused, past, written }: FieldProps) {
  const id = useId();
  const chosen = choice && ('side' in choice ? choice.side : 'edit');
  const choosable = field.differs && onChoose !== undefined;
  const isText = typeof field.source === 'string' && typeof field.target === 'string';
  return (
    <article class={`field ${field.differs ? 'differs' : 'alike'}`} aria-labelledby={id}>
      <header>
        <h3 id={id}>{field.column}</h3>
        <span class="fine">{typeOf(field)}</span>
        {field.changed_by && <span class="fine">{CHANGED_BY[field.changed_by]}</span>}
        {field.masked && <span class="fine">masked: the role resolver sees its values</span>}
        {field.shortened && <span class="fine">shortened</span>}
      </header>
      <div class="three">
        {sides.base === 'row' && <Cell name="Base" value={field.base} shape={field.shapes?.base} />}
        {(['source', 'target'] as const).map((side) => (
          <SideCell
            key={side}
            side={side}
            field={field}
            chosen={chosen === side}
            past={past}
            onChoose={choosable ? () => onChoose(field.column, { side }) : undefined}
          />
        ))}
        {written && <Cell name="Result, as decided" value={written.value} />}
        {choosable && (
          <Result field={field} choice={choice} onChoose={(next) => onChoose(field.column, next)} refused={refused} />
        )}
      </div>
      {field.differs && field.shapes && <ShapeMap shapes={field.shapes} type={field.type} column={field.column} />}
      {field.differs && isText && !field.shapes && !field.masked && (
        <Compared source={field.source ?? ''} target={field.target ?? ''} type={field.type} />
      )}
    </article>
  );
}

/** A domain goes by a name of its own, which says nothing of its values. */
const typeOf = ({ type, base_type }: ConflictField): string =>
  base_type === undefined || base_type === type ? type : `${type}, which is ${base_type}`;

interface CellProps extends ValueProps {
  readonly name: string;
}

function Cell({ name, ...value }: CellProps) {
  return (
    <div class="cell">
      <p class="name">{name}</p>
      <Value {...value} />
    </div>
  );
}

interface SideCellProps {
  readonly side: Side;
  readonly field: ConflictField;
  readonly chosen: boolean;
  readonly past: boolean;
  readonly onChoose: (() => void) | undefined;
}

function SideCell({ side, field, chosen, past, onChoose }: SideCellProps) {
  const name = side === 'source' ? 'Source' : 'Target';
  if (!onChoose)
    return <Cell name={past ? `${name}, before` : name} value={field[side]} shape={field.shapes?.[side]} />;
  return (
    <div class={`cell ${chosen ? 'chosen' : ''}`}>
      <label class="name">
        <input
          type="radio"
          name={`pick ${field.column}`}
          aria-label={`${field.column} from the ${side}`}
          checked={chosen}
          onChange={onChoose}
        />
        {name}
      </label>
      <Value value={field[side]} shape={field.shapes?.[side]} />
    </div>
  );
}

/** Characters of a value that are shown before somebody asks for the rest; of a shape, which is drawn below, fewer. */
const SHOWN = 600;
const SHOWN_OF_SHAPE = 24;

interface ValueProps {
  readonly value: string | null | undefined;
  readonly shape?: ShapeView | undefined;
}

function Value({ value, shape }: ValueProps) {
  const whole = useSignal(false);
  if (value === undefined) return <p class="none">no row</p>;
  if (value === null) return <p class="none">NULL</p>;
  if (value === '') return <p class="none">empty text</p>;
  const most = shape ? SHOWN_OF_SHAPE : SHOWN;
  return (
    <>
      {shape && <p>{kindOf(shape)}</p>}
      <pre class="value">{whole.value || value.length <= most ? value : `${value.slice(0, most)}…`}</pre>
      {value.length > most && (
        <button type="button" class="quiet" aria-expanded={whole.value} onClick={() => (whole.value = !whole.value)}>
          {whole.value ? 'Show less' : `Show all ${value.length.toLocaleString('en-US')} characters`}
        </button>
      )}
    </>
  );
}

interface ResultProps {
  readonly field: ConflictField;
  readonly choice: Choice | undefined;
  readonly onChoose: (choice: Choice) => void;
  readonly refused: string | undefined;
}

/** What the column ends with: a side, or what somebody types. */
function Result({ field, choice, onChoose, refused }: ResultProps) {
  const id = useId();
  const text = useRef<HTMLTextAreaElement>(null);
  const begun = useRef(false);
  const editing = choice !== undefined && 'value' in choice;
  useLayoutEffect(() => {
    if (editing && begun.current) text.current?.focus();
    begun.current = false;
  }, [editing]);
  const value = resultOf(field, choice);
  const problem = (editing && choice.value !== null ? fieldProblem(field, choice.value) : undefined) ?? refused;
  const begin = () => {
    begun.current = true;
    onChoose({ value: value ?? field.target ?? field.source ?? '' });
  };
  return (
    <div class={`cell outcome ${editing ? 'chosen' : ''}`}>
      <p class="name">Result</p>
      {!editing &&
        (choice ? (
          <Value value={value} shape={choice && 'side' in choice ? field.shapes?.[choice.side] : undefined} />
        ) : (
          <p class="none">not chosen yet</p>
        ))}
      {editing && choice.value !== null && (
        <textarea
          ref={text}
          rows={choice.value.length > 60 || choice.value.includes('\n') ? 4 : 1}
          value={choice.value}
          maxLength={200_000}
          spellcheck={false}
          aria-label={`Value of ${field.column}`}
          aria-invalid={problem !== undefined || undefined}
          aria-describedby={problem === undefined ? undefined : id}
          onInput={(event) => onChoose({ value: event.currentTarget.value })}
        />
      )}
      {editing && choice.value === null && <p class="none">NULL</p>}
      {problem !== undefined && (
        <p id={id} class="wrong">
          {problem}
        </p>
      )}
      {!editing && !field.shortened && !field.masked && (
        <button type="button" class="quiet" aria-label={`Edit ${field.column}`} onClick={begin}>
          Edit
        </button>
      )}
      {editing && (
        <label class="null">
          <input
            type="checkbox"
            checked={choice.value === null}
            onChange={(event) => onChoose({ value: event.currentTarget.checked ? null : '' })}
          />
          NULL
        </label>
      )}
    </div>
  );
}
