import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Relation } from '../../../lib/model/table.ts';
import { foreignKeyLevels } from '../../../lib/orchestrator/levels.ts';

/** A table whose references are named by their parent; `?parent` may be NULL. */
const relation = (name: string, ...parents: string[]): Relation => ({
  schema: 'public',
  name,
  oid: name,
  kind: 'r',
  columns: [],
  key: ['id'],
  uniqueKeys: [['id']],
  foreignKeys: parents.map((p) => {
    const parent = p.replace('?', '');
    return {
      name: parent,
      references: { schema: 'public', name: parent },
      deleteAction: false,
      nullable: p.startsWith('?') ? [`to_${parent}`] : [],
    };
  }),
  inherited: false,
  rowSecurity: false,
  triggers: 0,
  privileges: [],
  schemaUsable: true,
  lockedSequences: [],
  rowsEstimate: 0,
  bytes: 0,
});
const names = (levels: readonly (readonly Relation[])[]) => levels.map((l) => l.map((t) => t.name));

test('breaks a cycle at the one foreign key that may be NULL, and no other', () => {
  const found = foreignKeyLevels([relation('a', '?b', '?x'), relation('b', 'c'), relation('c', 'a'), relation('x')]);

  expect(names(found.levels)).toEqual([['x'], ['a'], ['c'], ['b']]);
  expect([...found.nullFirst]).toEqual([['public.a', ['to_b']]]);
  expect(found.cycle).toEqual([]);
});

test('keeps a nullable reference that need not be left out', () => {
  const { nullFirst } = foreignKeyLevels([relation('a', '?b'), relation('b', '?a')]);

  expect([...nullFirst.values()].flat()).toHaveLength(1);
});

test('a nullable reference of a table to itself may come later', () => {
  expect([...foreignKeyLevels([relation('t', '?t')]).nullFirst]).toEqual([['public.t', ['to_t']]]);
  expect([...foreignKeyLevels([relation('t', 't')]).nullFirst]).toEqual([]);
});

test('names the path of a cycle without a nullable foreign key, and nothing that only hangs on it', () => {
  const { cycle } = foreignKeyLevels([relation('a', 'b'), relation('b', 'c'), relation('c', 'a'), relation('d', 'a')]);

  expect(cycle.map((t) => t.name)).toEqual(['a', 'b', 'c']);
});

test('any graph gets an order in which parents come first, but for what is left out; or a path that is a cycle', () => {
  const edge = fc.record({ child: fc.nat(7), parent: fc.nat(7), nullable: fc.boolean() });

  fc.assert(
    fc.property(fc.array(edge, { maxLength: 20 }), (edges) => {
      const tables = Array.from({ length: 8 }, (_, i) => {
        const own = new Map(edges.filter((e) => e.child === i).map((e) => [e.parent, e]));
        return relation(`t${i}`, ...[...own.values()].map((e) => `${e.nullable ? '?' : ''}t${e.parent}`));
      });

      const { levels, nullFirst, cycle } = foreignKeyLevels(tables);

      const strict = (t: Relation) =>
        t.foreignKeys.filter((f) => f.nullable?.length === 0).map((f) => f.references.name);
      if (cycle.length > 0) {
        for (const [i, t] of cycle.entries()) expect(strict(t)).toContain(cycle[(i + 1) % cycle.length]?.name);
        return;
      }
      const level = new Map(levels.flatMap((l, n) => l.map((t) => [t.name, n])));
      expect(level.size).toBe(8);
      for (const t of tables) {
        for (const f of t.foreignKeys) {
          if (f.references.name === t.name || nullFirst.get(`public.${t.name}`)?.includes(f.nullable?.[0] ?? ''))
            continue;
          expect(level.get(f.references.name)).toBeLessThan(level.get(t.name) as number);
        }
      }
    }),
  );
});
