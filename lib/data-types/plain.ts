import { builtIn, type DataTypeHandler } from './handler.ts';

/** bytea, uuid, boolean: their own equality is exact and their hash covers every byte. */
export const plain: DataTypeHandler = {
  name: 'plain',
  handles: builtIn('bytea', 'uuid', 'bool'),
  canonical: (column) => column,
  probe: { literal: '\\x00ff', type: 'bytea' },
};
