import { builtIn, type DataTypeHandler } from './handler.ts';

/** Bytes shown at most; the rest is counted. */
const SHOWN_BYTES = 32;

/** bytea, uuid: their own equality is exact and their hash covers every byte. */
export const plain: DataTypeHandler = {
  name: 'plain',
  equality: 'The same bytes.',
  handles: builtIn('bytea', 'uuid'),
  canonical: (column) => column,
  show: (value) => {
    const bytes = (value.length - 2) / 2;
    if (!value.startsWith('\\x') || bytes <= SHOWN_BYTES) return value;
    return `${value.slice(0, 2 + 2 * SHOWN_BYTES)}… (${bytes} bytes)`;
  },
  probe: { literal: '\\x00ff', type: 'bytea' },
};

export const boolean: DataTypeHandler = {
  name: 'boolean',
  equality: 'The same truth value.',
  handles: builtIn('bool'),
  canonical: (column) => column,
  show: (value) => (value === 't' ? 'true' : 'false'),
  probe: { literal: 'true', type: 'bool' },
};

/**
 * inet, cidr, macaddr, macaddr8: their own equality is exact (10.0.0.1 and 10.0.0.1/32 are one value of inet), and their
 * hash covers family, length and every bit of the address.
 */
export const network: DataTypeHandler = {
  name: 'network',
  equality: 'The same address and prefix length, host bits included.',
  handles: builtIn('inet', 'cidr', 'macaddr', 'macaddr8'),
  canonical: (column) => column,
  probe: { literal: '2001:db8::77/64', type: 'inet' },
};
