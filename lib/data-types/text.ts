import type { DataTypeHandler } from './handler.ts';

/**
 * Every other type by its text form under pinned settings, compared byte by byte: text itself, enums by label (they hash by
 * OID), arrays with their bounds (their hash forgets shape), jsonb (its hash forgets nesting and sign: `[[1],2]` and
 * `[[1,2]]` hash alike), ranges, intervals ('1 mon' and '30 days' are different here), composites, and types unknown to us.
 */
export const text: DataTypeHandler = {
  name: 'text',
  handles: () => true,
  canonical: (column) => `${column}::pg_catalog.text collate "C"`,
  probe: { literal: 'Ångström ☃ | \\ "x"', type: 'text' },
};
