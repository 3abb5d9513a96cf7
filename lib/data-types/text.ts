import { builtIn, type DataTypeHandler, extension, TEXT_PROBE, textOf } from './handler.ts';

/** text, varchar, name: byte by byte, so that no collation and no unicode normal form makes two values one. */
export const text: DataTypeHandler = {
  name: 'text',
  equality: 'The same characters, code point by code point; blanks at the end count.',
  handles: builtIn('text', 'varchar', 'name'),
  canonical: textOf,
  probe: TEXT_PROBE,
};

/** char(n): the cast to text leaves out the blanks that fill it, which have no meaning. */
export const character: DataTypeHandler = {
  name: 'character',
  equality: 'The same characters; blanks at the end do not count.',
  handles: builtIn('bpchar'),
  canonical: textOf,
  identity: textOf,
  show: (value) => value.replace(/ +$/, ''),
  probe: TEXT_PROBE,
};

/** "char": one byte, as a number, because its text differs between major versions for bytes above 127 (`\377` from 16 on). */
export const byte: DataTypeHandler = {
  name: 'byte',
  equality: 'The same byte.',
  handles: builtIn('char'),
  canonical: (column) => `${column}::pg_catalog.int4`,
  probe: { literal: 'x', type: 'char' },
};

/**
 * citext: exact. Its own equality folds case by the collation of the database, which two servers need not share, and a
 * corrected spelling is a change that people want copied.
 */
export const citext: DataTypeHandler = {
  name: 'citext',
  equality: 'The same characters, case included: Foo is not foo here. As a key they are one, as to a unique index.',
  handles: extension('citext'),
  canonical: textOf,
  identity: (column) => `pg_catalog.lower(${column}::pg_catalog.text collate pg_catalog."default")`,
  folds: true,
  probe: TEXT_PROBE,
};

/** Enums hash by OID, which means nothing in another database. */
export const enumeration: DataTypeHandler = {
  name: 'enum',
  equality: 'The same label, whatever the order the labels were made in.',
  handles: (type) => type.kind === 'e',
  canonical: textOf,
  probe: TEXT_PROBE,
};

/**
 * Types whose text form tells every value from every other and has one form for each: bit strings (their hash, where there
 * is one, forgets nothing, but the text is portable), money, xml, text search, hstore, ltree, names of database objects (the
 * number behind a regclass means nothing elsewhere), geometric types (bit for bit: their own `=` is fuzzy, and for some
 * compares areas), snapshots and log positions.
 */
export const textual: DataTypeHandler = {
  name: 'textual',
  equality: 'The same text form: exact.',
  handles: (type) =>
    (type.schema === 'pg_catalog' && type.kind === 'b' && !type.name.startsWith('_')) ||
    extension('hstore', 'ltree', 'lquery', 'ltxtquery')(type),
  canonical: textOf,
  probe: TEXT_PROBE,
};
