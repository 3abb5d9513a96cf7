import { expect, test } from 'vitest';
import { ChangedKeys } from '../../../lib/change-detector/changed-keys.ts';
import { laterLsn, lsnBytes, lsnOf } from '../../../lib/model/change-stream.ts';
import { type ChangeMessage, decodeMessage } from '../../../lib/model/pgoutput.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const int16 = (n: number) => n.toString(16).padStart(4, '0');
const int32 = (n: number) => n.toString(16).padStart(8, '0');
const name = (text: string) => `${Buffer.from(text).toString('hex')}00`;
const value = (v: string | null | undefined) => {
  if (v === null) return '6e';
  if (v === undefined) return '75';
  const bytes = Buffer.from(v);
  return `74${int32(bytes.length)}${bytes.toString('hex')}`;
};
const tuple = (...values: (string | null | undefined)[]) => int16(values.length) + values.map(value).join('');

const T = 16385;
const relation = (
  identity = 'd',
  columns: readonly (readonly [string, boolean])[] = [
    ['id', true],
    ['x', false],
  ],
  id = T,
  table = 't',
) =>
  `52${int32(id)}${name('public')}${name(table)}${Buffer.from(identity).toString('hex')}${int16(columns.length)}` +
  columns.map(([c, key]) => `${key ? '01' : '00'}${name(c)}${int32(23)}ffffffff`).join('');

const decode = (text: string) => decodeMessage(hex(text));

test('reads each kind of message', () => {
  expect(decode('420000000001a2b3c4000289c2f33aa1c5000003e9')).toEqual({
    kind: 'begin',
    finalLsn: 0x1a2b3c4n,
    committedAt: new Date(946_684_800_000 + Number(0x000289c2f33aa1c5n / 1000n)),
    xid: 1001,
  });
  expect(decode(`43${'00'}${'0000000000000010'}${'0000000100000020'}${'0000000000000000'}`)).toEqual({
    kind: 'commit',
    endLsn: 0x100000020n,
    committedAt: new Date('2000-01-01T00:00:00Z'),
  });
  expect(decode(relation())).toEqual({
    kind: 'relation',
    id: T,
    schema: 'public',
    name: 't',
    identity: 'd',
    columns: [
      { name: 'id', inIdentity: true, typeOid: 23 },
      { name: 'x', inIdentity: false, typeOid: 23 },
    ],
  });
  expect(decode(`49${int32(T)}4e${tuple('1', 'é|"', null)}`)).toEqual({
    kind: 'insert',
    relation: T,
    row: { values: ['1', 'é|"', null], cut: false },
  });
  expect(decode(`55${int32(T)}4e${tuple('1', undefined)}`)).toEqual({
    kind: 'update',
    relation: T,
    row: { values: ['1', undefined], cut: false },
  });
  expect(decode(`55${int32(T)}4b${tuple('1', null)}4e${tuple('2', '')}`)).toEqual({
    kind: 'update',
    relation: T,
    old: { values: ['1', null], cut: false },
    row: { values: ['2', ''], cut: false },
  });
  expect(decode(`44${int32(T)}4f${tuple('1', 'x')}`)).toEqual({
    kind: 'delete',
    relation: T,
    old: { values: ['1', 'x'], cut: false },
  });
  expect(decode(`54${int32(2)}01${int32(T)}${int32(9)}`)).toEqual({ kind: 'truncate', relations: [T, 9] });
  for (const other of ['59', '4f', '4d']) expect(decode(`${other}00`)).toEqual({ kind: 'other' });
});

test('what is no message of the protocol is refused, not guessed', () => {
  expect(() => decode('5a')).toThrow(RangeError);
  expect(() => decode('42')).toThrow(RangeError);
  expect(() => decode(relation().slice(0, 20))).toThrow(RangeError);
  expect(() => decode(`49${int32(T)}4e${int16(1)}62`)).toThrow(RangeError); // a binary value was never asked for
});

test('a row may be cut off behind any byte: what is whole is read, the rest is said to be missing', () => {
  const whole = `55${int32(T)}4b${tuple('17', null)}4e${tuple('18', 'abc')}`;
  for (let bytes = 5; bytes < whole.length / 2; bytes++) {
    const m = decodeMessage(hex(whole).subarray(0, bytes));
    if (m.kind !== 'update') throw new Error(m.kind);
    const rows = [m.old, m.row].filter((t) => t !== undefined);
    expect(
      rows.some((t) => t.cut),
      `${bytes}`,
    ).toBe(true);
    for (const v of rows.flatMap((t) => t.values)) expect(['17', null, '18', 'abc']).toContain(v);
  }
});

const tables = [{ source: { schema: 'public', name: 't' }, key: ['id'] }];
const keysOf = (messages: readonly string[], most = 100) => {
  const keys = new ChangedKeys(tables, most);
  for (const m of messages) keys.take(decode(m));
  const { keys: held, dirty } = keys.flush();
  return { keys: held.flatMap(([, of]) => of.map((k) => k.join())), dirty, changes: keys.changes };
};

test('keys are those of rows before and after, each once; other tables are passed over', () => {
  const other = relation('d', [['id', true]], 99, 'u');
  const all = [
    relation(),
    other,
    `49${int32(T)}4e${tuple('1', 'a')}`,
    `49${int32(99)}4e${tuple('5')}`,
    `55${int32(T)}4e${tuple('1', undefined)}`,
    `55${int32(T)}4b${tuple('1', null)}4e${tuple('2', 'b')}`,
    `44${int32(T)}4b${tuple('3', null)}`,
    `54${int32(1)}00${int32(99)}`,
  ];

  expect(keysOf(all)).toEqual({ keys: ['1', '2', '3'], dirty: [], changes: 5 });
});

test.each<[string, readonly string[]]>([
  ['it was truncated', [relation(), `54${int32(1)}00${int32(T)}`]],
  ['it has lost a key column', [relation('d', [['x', true]]), `49${int32(T)}4e${tuple('a')}`]],
  [
    'the log names rows by other columns',
    [
      relation('i', [
        ['id', false],
        ['x', true],
      ]),
      `55${int32(T)}4e${tuple('1', 'a')}`,
    ],
  ],
  ['a deleted row has no key', [relation('f'), `44${int32(T)}4f${tuple(null, 'a')}`]],
  ['a key did not fit into what is read', [relation(), `49${int32(T)}4e${int16(2)}`]],
  [
    'more keys changed than are worth it',
    [relation(), ...[1, 2, 3, 4].map((n) => `49${int32(T)}4e${tuple(String(n), 'a')}`)],
  ],
])('a table is compared whole where %s', (_, messages) => {
  expect(keysOf(messages, 3).dirty).toEqual([0]);
});

test('a key that did not change and is not in the new row is taken from the old one', () => {
  expect(keysOf([relation('f'), `55${int32(T)}4f${tuple('9', 'a')}4e${tuple(undefined, 'b')}`]).keys).toEqual(['9']);
});

test('the columns of a table may change between two changes of one stream', () => {
  const swapped = relation('d', [
    ['x', false],
    ['id', true],
  ]);
  expect(
    keysOf([relation(), `49${int32(T)}4e${tuple('1', 'a')}`, swapped, `49${int32(T)}4e${tuple('a', '2')}`]).keys,
  ).toEqual(['1', '2']);
});

test('keys are handed over in parts, and a table is told once', () => {
  const keys = new ChangedKeys(tables, 3);
  const take = (n: number) => keys.take(decode(`49${int32(T)}4e${tuple(String(n), 'a')}`) as ChangeMessage);
  keys.take(decode(relation()));
  take(1);
  take(2);
  const first = keys.flush();
  take(3);
  take(4);
  const second = keys.flush();
  take(5);

  expect(first).toEqual({ keys: [[0, [['1'], ['2']]]], dirty: [] });
  expect(second.dirty).toEqual([0]);
  expect(keys.flush()).toEqual({ keys: [], dirty: [] });
});

test('places in the log are compared as numbers', () => {
  expect(lsnBytes('16/B374D848')).toBe(0x16b374d848n);
  expect(lsnOf(0x16b374d848n)).toBe('16/B374D848');
  expect(laterLsn('9/FFFFFFFF', '10/0')).toBe('10/0');
  expect(() => lsnBytes('')).toThrow(TypeError);
});
