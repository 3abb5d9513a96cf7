import { describe, expect, it } from 'vitest';
import { fieldProblem } from '../../../web/field-check.ts';

describe('a value that somebody types', () => {
  it.each([
    ['int2', '32767'],
    ['int4', ' -2147483648 '],
    ['int8', '9223372036854775807'],
    ['numeric', '-12.50'],
    ['numeric', 'NaN'],
    ['float8', '1e-7'],
    ['float8', '-Infinity'],
    ['bool', 'true'],
    ['bool', 'F'],
    ['date', '2024-02-29'],
    ['date', '0044-03-15 BC'],
    ['date', 'infinity'],
    ['timestamp', '2026-01-31 14:30:00'],
    ['timestamptz', '2026-01-31T14:30:00.123456Z'],
    ['timestamptz', '2026-01-31 14:30+05:30'],
    ['time', '24:00'],
    ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
    ['jsonb', '{"a": [1, null]}'],
    ['bytea', '\\x00fF'],
    ['text', 'anything <b>at all</b> \u202e'],
    ['_int4', 'only the database can tell'],
    ['geometry', 'only the database can tell'],
    ['toString', 'a type of any name'],
  ])('%s %j fits', (type, text) => {
    expect(fieldProblem({ base_type: type }, text)).toBeUndefined();
  });

  it.each([
    ['int2', '32768', /from -32768 to 32767/],
    ['int4', '12.5', /whole number/],
    ['int8', '9223372036854775808', /from -9223372036854775808/],
    ['int4', '', /whole number/],
    ['numeric', '12,50', /12\.50/],
    ['bool', 'maybe', /true or false/],
    ['date', '2023-02-29', /no such day/],
    ['date', '31.01.2026', /2026-01-31/],
    ['timestamp', '2026-13-01 10:00', /no such day/],
    ['timestamptz', '2026-01-31 14:30:00', /offset/],
    ['time', '25:00', /14:30:00/],
    ['uuid', 'a0eebc99', /UUID/],
    ['json', '{a: 1}', /JSON/],
    ['bytea', '\\x0', /hexadecimal/],
    ['text', 'a\0b', /zero character/],
  ])('%s %j does not', (type, text, said) => {
    expect(fieldProblem({ base_type: type }, text)).toMatch(said);
  });

  it('is one of the labels of an enum, and is asked for in their words', () => {
    const labels = ['draft', 'final', 'on hold'];
    expect(fieldProblem({ labels }, 'on hold')).toBeUndefined();
    expect(fieldProblem({ labels }, ' final')).toBe('Expected one of draft, final, on hold.');
    const many = Array.from({ length: 20 }, (_, i) => `l${i}`);
    expect(fieldProblem({ labels: many }, 'x')).toMatch(/l11 and 8 more/);
  });

  it('of a type that is none of PostgreSQL itself, only the database can tell', () => {
    expect(fieldProblem({}, 'anything')).toBeUndefined();
  });
});
