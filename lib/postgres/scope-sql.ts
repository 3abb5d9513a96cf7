import type { Side } from '../model/connection.ts';
import type { ScopeEntry, ScopeNode, ScopeSide } from '../model/project.ts';
import type { TablePlan } from '../model/table.ts';
import { equals } from './columns.ts';
import type { Place } from './filter-sql.ts';
import { rootSql, scopeTable as table } from './scope-roots.ts';
import { ident } from './sql.ts';

/** The name under which a node hands a column on. */
const handed = (node: ScopeNode, column: string) => `a${node.columns.indexOf(column) + 1}`;

/** Condition that `x` matches a row of another node; `other` says its columns. */
const matchSql = (entry: Extract<ScopeEntry, { from: number }>, other: (column: string) => string) =>
  entry.match.map((m) => `x.${ident(m.own)} ${equals(m.type)} ${other(m.other)}`).join(' and ');

/** SQL of a part of the closure: the nodes that some of its nodes come from, each a common table expression. */
class ScopeSql {
  private readonly nodes: readonly ScopeNode[];
  private readonly place: Place;

  constructor(side: ScopeSide, place: Place) {
    this.nodes = side.nodes;
    this.place = place;
  }

  /** Definitions, in order, of these nodes and everything they come from. */
  definitions(wanted: readonly number[]): readonly string[] {
    const needed = new Set(wanted);
    // a Set is walked as it grows
    for (const n of needed) for (const e of this.node(n).entries) if ('from' in e) needed.add(e.from);
    const circles = new Set<number>();
    return [...needed]
      .sort((a, b) => a - b)
      .flatMap((n): readonly string[] => {
        const { cycle } = this.node(n);
        if (cycle === undefined) return [this.plain(n)];
        const circle = circles.has(cycle) ? [] : [this.circle(cycle)];
        circles.add(cycle);
        return [...circle, this.ofCircle(n, cycle)];
      });
  }

  private node(n: number): ScopeNode {
    const node = this.nodes[n];
    if (!node) throw new TypeError(`the scope has no node ${n}`);
    return node;
  }

  private condition(entry: ScopeEntry): string {
    if ('roots' in entry) return rootSql(entry.roots, this.place);
    const from = this.node(entry.from);
    return `exists (select from c${entry.from} y where ${matchSql(entry, (c) => `y.${handed(from, c)}`)})`;
  }

  private plain(n: number): string {
    const node = this.node(n);
    const columns = node.columns.map((c) => `x.${ident(c)}`).join(', ');
    const parts = node.entries.map((e) => `select ${columns} from ${table(node)} x where ${this.condition(e)}`);
    return `c${n}(${node.columns.map((c) => handed(node, c)).join(', ')}) as (${parts.join(' union ')})`;
  }

  private membersOf(cycle: number): readonly number[] {
    return this.nodes.flatMap((node, n) => (node.cycle === cycle ? [n] : []));
  }

  /** The name of a node's column in the one relation of its circle. */
  private placed(n: number, column: string): string {
    return `v${n}_${this.node(n).columns.indexOf(column) + 1}`;
  }

  /**
   * Nodes that reach each other are one recursive relation with the columns of all of them, because a recursive query may
   * name itself once. What is no row's own is a NULL that a scalar subquery makes: it has type, modifier and collation of the column.
   */
  private circle(cycle: number): string {
    const members = this.membersOf(cycle);
    const row = (n: number) =>
      members.flatMap((m) => {
        const of = this.node(m);
        return of.columns.map((c) =>
          m === n ? `x.${ident(c)}` : `(select z.${ident(c)} from ${table(of)} z limit 0)`,
        );
      });
    const select = (n: number, where: string) =>
      `select ${[n, ...row(n)].join(', ')} from ${table(this.node(n))} x where ${where}`;
    const inside = (e: ScopeEntry): e is Extract<ScopeEntry, { from: number }> =>
      'from' in e && members.includes(e.from);
    const each = (pick: (e: ScopeEntry) => boolean, where: (e: ScopeEntry) => string) =>
      members.flatMap((n) =>
        this.node(n)
          .entries.filter(pick)
          .map((e) => select(n, where(e))),
      );
    const begin = each(
      (e) => !inside(e),
      (e) => this.condition(e),
    );
    const go = each(inside, (e) =>
      inside(e) ? `r.n = ${e.from} and ${matchSql(e, (c) => `r.${this.placed(e.from, c)}`)}` : 'false',
    );
    const names = members.flatMap((n) => this.node(n).columns.map((c) => this.placed(n, c)));
    return `r${cycle}(${['n', ...names].join(', ')}) as ((${begin.join(' union all ')}) union select l.* from r${cycle} r cross join lateral (${go.join(' union all ')}) l)`;
  }

  private ofCircle(n: number, cycle: number): string {
    const { columns } = this.node(n);
    const list = columns.map((c) => `r.${this.placed(n, c)}`).join(', ');
    return `c${n}(${columns.map((c) => handed(this.node(n), c)).join(', ')}) as (select ${list} from r${cycle} r where r.n = ${n})`;
  }
}

/** SQL of the keys of these nodes' rows, as columns k1, k2, ...; `union` says whether a key may come twice. */
function keysSql(side: ScopeSide, nodes: readonly number[], union: 'union' | 'union all', place: Place): string {
  const defined = new ScopeSql(side, place).definitions(nodes);
  const parts = nodes.map((n) => {
    const node = side.nodes[n] as ScopeNode; // a scope names its own nodes
    return `select ${side.key.map((k, i) => `y.${handed(node, k.name)} as k${i + 1}`).join(', ')} from c${n} y`;
  });
  return `with recursive ${defined.join(', ')} ${parts.join(` ${union} `)}`;
}

/**
 * SQL condition that row `alias` of the plan's table is in the project, or was reached there by descending. A semi-join with the
 * closure, which the server may begin at either end.
 */
export function scopeCondition(
  plan: Pick<TablePlan, 'scope' | 'key'>,
  of: { readonly side: Side; readonly alias: string; readonly nodes?: 'members' | 'descended' },
  place: Place,
): string {
  const { scope } = plan;
  if (!scope) return 'true';
  const side = scope[of.side];
  const nodes = side[of.nodes ?? 'members'];
  if (nodes.length === 0) return 'false';
  const same = side.key.map(({ type }, i) => `q.k${i + 1} ${equals(type)} ${of.alias}.${ident(plan.key[i] ?? '')}`);
  return `exists (select from (${keysSql(side, nodes, 'union all', place)}) q where ${same.join(' and ')})`;
}

/** SQL that counts the rows of a table that are in the project. */
export const scopeCount = (side: ScopeSide, place: Place): string =>
  `select count(*) from (${keysSql(side, side.members, 'union', place)}) q`;

/**
 * The same for a look by key, its parameters added to those that are there. Of the source: rows outside of the project do not
 * exist for the job. In the target a row of the project may be anywhere, because it may come from another one.
 */
export const ofProject = (plan: TablePlan, side: Side, alias: string, values: unknown[]): string =>
  side === 'source' ? scopeCondition(plan, { side, alias }, (value) => `$${values.push(value)}`) : 'true';
