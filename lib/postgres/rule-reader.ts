import { columnHandler } from '../data-types/registry.ts';
import type { RowKey } from '../model/change.ts';
import type { Side } from '../model/connection.ts';
import { literal } from '../model/quote.ts';
import type { PlannedColumn, Relation, TablePlan } from '../model/table.ts';
import type { FoundDigests, PlanningDatabase, RuleCounts, RuleReader } from '../ports.ts';
import { segmentCondition } from './buckets.ts';
import { columnSql, markSql, tableSql } from './columns.ts';
import { keyArrays, keyList, keyMatch, keyTexts } from './keys.ts';
import { merged, PATIENT, streamed } from './merged.ts';
import type { Session } from './session.ts';
import { byKey, ident, relation } from './sql.ts';
import { partCondition } from './window.ts';

/** Keys shown of a rule. */
const SAMPLES = 5;

/** Digests that stand in the statements of a job: 36 bytes each in every one of them. */
const MOST_DIGESTS = 5_000;

/** Rows that only the target may have, looked up in the source. */
const MOST_HOLDERS = 50_000;

/** What the conditions of rules are called beside the columns; no table can have a column of that name. */
const RULES = 'cmin';

/** Rows that take part: by the filters, and where the job looks at a window, within that. */
function takesPart(plan: TablePlan, place: (value: unknown) => string): string {
  const { window: w } = plan;
  const inScope = segmentCondition(plan, {}, 'source', 't', place as never).sql; // it places texts and lists of them
  if (!w) return inScope;
  return `${inScope} and (${partCondition(w, 'window', place)} or ${partCondition(w, 'rest', place)})`;
}

/** The source table with conditions beside its columns, as FROM names it. */
function withRules(plan: TablePlan, rules: string): string {
  const only = plan.only?.includes('source') ? 'only ' : '';
  return `(select ${plan.select?.list}, ${rules} as ${RULES} from ${only}${relation(plan.source)} s) t`;
}

async function count(session: Session, plan: TablePlan, conditions: readonly string[]): Promise<RuleCounts> {
  const values: unknown[] = [];
  const where = takesPart(plan, (value) => `$${values.push(value)}`);
  const counts = conditions.map((_, i) => `count(*) filter (where t.${RULES}[${i + 1}])`);
  const [row = []] = await session.query(
    `select count(*), ${counts.join(', ')} from ${withRules(plan, `array[${conditions.join(', ')}]`)} where ${where}`,
    values,
  );
  const [rows, ...found] = row.map(Number);
  const samples: (readonly RowKey[])[] = [];
  for (const [i, condition] of conditions.entries()) {
    if (!found[i]) {
      samples.push([]);
      continue;
    }
    const keys = await session.query(
      `select ${keyTexts(plan, 'source').join(', ')} from ${withRules(plan, condition)} where t.${RULES} and ${where} limit ${SAMPLES}`,
      values,
    );
    samples.push(keys as readonly RowKey[]); // key columns are not null
  }
  return { rows: rows ?? 0, found: found.map((n, i) => ({ rows: n, samples: samples[i] ?? [] })) };
}

/** SQL of 128 bits that stand for values; equal ones have equal texts, whatever their types are. */
function digest(texts: readonly string[]): string {
  const list = `pg_catalog.json_build_array(${texts.join(', ')})::pg_catalog.text`;
  return `pg_catalog.substr(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${list}, 'UTF8')), 'hex'), 1, 32)`;
}

const canonical = (c: PlannedColumn, value: string) =>
  `(${columnHandler(c).canonical(value, c.type.base)})::pg_catalog.text`;

const planned = (plan: TablePlan, names: readonly string[]): readonly PlannedColumn[] =>
  names.map((name) => {
    const found = plan.columns.find((c) => c.name === name);
    if (!found) throw new TypeError('a rule names a column that does not travel');
    return found;
  });

/** Digests of a side of the plan, and the keys of their rows, in the order of the digest. */
function digestsOf(plan: TablePlan, side: Side, names: readonly string[], place: (value: unknown) => string): string {
  const { value } = columnSql(side, 't');
  const columns = planned(plan, names);
  const key = `pg_catalog.json_build_array(${keyTexts(plan, side)
    .map((k) => `(${k})::pg_catalog.text`)
    .join(', ')})::pg_catalog.text`;
  const where = [
    segmentCondition(plan, {}, side, 't', place as never).sql, // as above
    ...columns.map((c) => `t.${ident(c.name)} is not null`),
    `${markSql(plan, side, 't')} is null`,
  ];
  return `select ${digest(columns.map((c) => canonical(c, value(c))))} collate "C", ${key}
    from ${tableSql(plan, side)} t where ${where.join(' and ')} order by 1`;
}

/** The same of a table that the rule names. */
function digestsIn(table: Relation, names: readonly string[]): string {
  const texts = names.map((name) => {
    const found = table.columns.find((c) => c.name === name);
    if (!found) throw new TypeError('a rule names a column that is not there');
    return canonical({ name, type: found.type }, `t.${ident(name)}`);
  });
  const there = names.map((name) => `t.${ident(name)} is not null`).join(' and ');
  return `select ${digest(texts)} collate "C", '' from ${table.inherited ? 'only ' : ''}${relation(table)} t where ${there} order by 1`;
}

function cursor(session: Session, name: string, make: (place: (value: unknown) => string) => string) {
  const values: unknown[] = [];
  const sql = make((value) => `$${values.push(value)}`);
  return streamed(session, name, sql, values);
}

/** Those of the keys that the source has no row of. */
async function notIn(session: Session, plan: TablePlan, keys: readonly RowKey[]): Promise<ReadonlySet<string>> {
  const found = await session.transaction(
    () =>
      session.query(
        `select k.n::text from ${keyList(plan, 'source', 1)} join ${tableSql(plan, 'source')} t on ${keyMatch(plan, 't', 'k')}`,
        keyArrays(plan, keys),
      ),
    byKey(plan, 'source'),
  );
  const there = new Set(found.map(([n]) => Number(n) - 1));
  return new Set(keys.flatMap((key, i) => (there.has(i) ? [] : [JSON.stringify(key)])));
}

async function repeated(
  source: Session,
  target: Session | undefined,
  plan: TablePlan,
  columns: readonly string[],
): Promise<FoundDigests> {
  const digests: string[] = [];
  const held = new Map<string, readonly string[]>();
  let holders = 0;
  const look = async () => {
    const own = cursor(source, 'rule_source', (place) => digestsOf(plan, 'source', columns, place));
    const others = target && cursor(target, 'rule_target', (place) => digestsOf(plan, 'target', columns, place));
    for await (const { digest: d, keys } of merged(others ? [own, others] : [own])) {
      const [mine = [], theirs = []] = keys;
      if (mine.length === 0) continue;
      const foreign = theirs.filter((k) => !mine.includes(k));
      if (mine.length > 1) digests.push(d);
      else if (foreign.length > 0) {
        held.set(d, foreign);
        holders += foreign.length;
      }
      if (digests.length > MOST_DIGESTS || holders > MOST_HOLDERS) return;
    }
  };
  await source.transaction(() => (target ? target.transaction(look, PATIENT) : look()), PATIENT);
  if (holders > MOST_HOLDERS) return { digests, more: true };
  // a row of the target that the source has too becomes as the source has it: it holds nothing
  const keys = [...new Set([...held.values()].flat())];
  const alone =
    keys.length === 0
      ? new Set<string>()
      : await notIn(
          source,
          plan,
          keys.map((k) => JSON.parse(k) as RowKey),
        );
  for (const [d, by] of held) if (by.some((k) => alone.has(JSON.stringify(JSON.parse(k))))) digests.push(d);
  return { digests: digests.slice(0, MOST_DIGESTS), more: digests.length > MOST_DIGESTS };
}

async function missing(
  source: Session,
  target: Session,
  plan: TablePlan,
  rule: Parameters<RuleReader['missing']>[2],
): Promise<FoundDigests> {
  const digests: string[] = [];
  const { columns, references, table, brought } = rule;
  const look = async () => {
    const streams = [
      cursor(source, 'rule_source', (place) => digestsOf(plan, 'source', columns, place)),
      cursor(target, 'rule_target', () => digestsIn(table, references)),
      ...(brought ? [cursor(source, 'rule_brought', (place) => digestsOf(brought, 'source', references, place))] : []),
    ];
    for await (const { digest: d, keys } of merged(streams)) {
      const [mine = [], ...there] = keys;
      if (mine.length > 0 && there.every((k) => k.length === 0)) digests.push(d);
      if (digests.length > MOST_DIGESTS) return;
    }
  };
  await source.transaction(() => target.transaction(look, PATIENT), PATIENT);
  return { digests: digests.slice(0, MOST_DIGESTS), more: digests.length > MOST_DIGESTS };
}

/** What rules ask of whole tables, over the sessions behind the ports. */
export function ruleReader(sessionOf: (database: PlanningDatabase) => Session): RuleReader {
  return {
    count: (source, plan, conditions) => count(sessionOf(source), plan, conditions),
    repeated: ({ source, target }, plan, columns) =>
      repeated(sessionOf(source), target && sessionOf(target), plan, columns),
    missing: ({ source, target }, plan, rule) => missing(sessionOf(source), sessionOf(target), plan, rule),
    among(plan, columns, sql, digests) {
      if (digests.length === 0) return 'false';
      const texts = planned(plan, columns).map((c) => {
        const own = sql[c.name] ?? 'null';
        return canonical(c, c.source ? `(${own}::${c.source.castTo})` : own);
      });
      const some = columns.map((c) => `${sql[c]} is not null`).join(' and ');
      return `(${some} and ${digest(texts)} in (${digests.map((d) => literal(d)).join(', ')}))`;
    },
  };
}
