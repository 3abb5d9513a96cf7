import { looked } from '../dictionary.ts';
import { sourceColumn } from '../source-column.ts';
import { builtInType, refused, type TransformStep, type WantedLookup } from '../step.ts';

/**
 * A code table that is a table of one side: read once when the job is prepared and frozen in its plan, so that all workers
 * and all passes agree. What is added to it later counts in the next job; until then a row with a new code is in quarantine.
 */
export const lookup: TransformStep<'lookup'> = {
  summary: 'A map from values of a source column to values of the target, read from a table.',
  lookups: (source): readonly WantedLookup[] => [source.lookup],
  make(source, context) {
    const { target, found } = context;
    const column = sourceColumn(source.column, context);
    if ('missing' in column) return column.missing;
    const read = found.lookup(source.lookup);
    if ('problem' in read) return { problems: [read.problem] };
    const { take } = read;
    const same = take.type.schema === target.type.schema && take.type.name === target.type.name;
    if (take.type.base.schema === 'pg_catalog')
      return looked(
        column.expression,
        { pairs: read.pairs, value: { type: builtInType(take.type.base.name), declared: plainName(take) } },
        target,
        source.otherwise,
      );
    if (take.type.base.kind !== 'e' || (!same && target.type.base.kind === 'e'))
      return refused('mapping_invalid', `${source.lookup.take} is ${take.declared}, which cannot be looked up.`);
    const value = { type: builtInType('text'), declared: 'pg_catalog.text' };
    return looked(column.expression, { pairs: read.pairs, value }, target, source.otherwise);
  },
};

const plainName = ({ type, declared }: { type: { kind: string; base: { name: string } }; declared: string }) =>
  type.kind === 'd' ? `pg_catalog.${type.base.name}` : declared;
