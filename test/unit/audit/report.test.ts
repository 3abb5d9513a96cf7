import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { link, START } from '../../../lib/audit/chain.ts';
import { csvLine } from '../../../lib/audit/csv.ts';
import { addReports, reportOf } from '../../../lib/audit/report.ts';
import { reportCsv } from '../../../lib/audit/report-csv.ts';
import { reportHtml } from '../../../lib/audit/report-html.ts';
import type { AuditEvent, AuditRecord } from '../../../lib/model/audit-event.ts';

const JOB = randomUUID();
const words: fc.Arbitrary<string> = fc.constantFrom('public.a', 'public.b', '__proto__', '<b>&"\'', '=1+1', '');

const events = fc.array(
  fc.record({
    type: fc.constantFrom<string>(
      'chunk.applied',
      'segment.finished',
      'rows.quarantined',
      'healing.row_isolated',
      'job.paused',
      'conflict.resolved',
      'unheard.of',
    ),
    second: fc.nat(10_000),
    actor: words,
    table: fc.option(words, { nil: undefined }),
    rule: fc.option(words, { nil: undefined }),
    code: fc.option(words, { nil: undefined }),
    rows: fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9)) as fc.Arbitrary<readonly number[]>,
  }),
  { maxLength: 60 },
);

type Given = typeof events extends fc.Arbitrary<infer E> ? E : never;

const recordsOf = (given: Given) =>
  link(
    START,
    given.map(
      ({ type, second, actor, table, rule, code, rows: [inserted, updated, deleted, quarantined] }, i): AuditEvent => ({
        job_id: JOB,
        stream: 'job',
        seq: i + 1,
        type,
        actor,
        at: new Date(Date.UTC(2026, 0, 1) + 1000 * second).toISOString(),
        data: {
          table,
          rule,
          code,
          pass: 'verify',
          inserted,
          updated,
          deleted,
          quarantined,
          unexplained: 1,
          codes: { [code ?? 'x']: 2 },
        },
      }),
    ),
  );

test('parts of a trail add up to the whole, wherever it is cut', () => {
  fc.assert(
    fc.property(events, fc.array(fc.nat(60), { maxLength: 4 }), (given, cuts) => {
      const records = recordsOf(given);
      const whole = reportOf(JOB, { after: 0, through: records.length }, records);
      const at = [0, ...cuts.filter((c) => c < records.length), records.length].sort((a, b) => a - b);
      const parts = at
        .slice(1)
        .map((to, i) => reportOf(JOB, { after: at[i] ?? 0, through: to }, records.slice(at[i], to)));

      expect(addReports(parts[0] as (typeof parts)[number], ...parts.slice(1))).toEqual(whole);
      expect(whole.events).toBe(records.length);
      const chunks = given.filter((g) => g.type === 'chunk.applied' || g.type === 'segment.finished');
      const all = chunks.reduce((n, { rows }) => n + rows.reduce((a, b) => a + b), 0);
      const { inserted, updated, deleted, quarantined } = whole.rows;
      expect(inserted + updated + deleted + quarantined).toBe(all);
    }),
  );
});

test('no cell of any file is a formula, and no name becomes markup', () => {
  fc.assert(
    fc.property(events, (given) => {
      const records = recordsOf(given);
      const report = reportOf(JOB, { after: 0, through: records.length }, records);
      const cells = reportCsv(report)
        .split('\r\n')
        .flatMap((line) => line.split(','));
      for (const cell of cells) expect(cell.replace(/^"/, '')).not.toMatch(/^[=+@\t\r]|^-\D/);
      expect(reportHtml(report)).not.toMatch(/<b>|<script| on\w+=| style=/);
    }),
  );
});

test('a cell is quoted where it must be, and nowhere else', () => {
  expect(csvLine(['a', 'b c', 'd,e', 'f"g', '=1', '-5', -5, null, undefined, 'x\ny', "'q", '@'])).toBe(
    `a,b c,"d,e","f""g","'=1","'-5",-5,,,"x\ny","'q","'@"\r\n`,
  );
});

test('a page of 10,000 tables and a day of minutes stays below 1 MB', () => {
  const records = recordsOf(
    Array.from({ length: 10_000 }, (_, i) => ({
      type: 'chunk.applied',
      second: i * 8,
      actor: 'x',
      table: `public.table_${i}`,
      rule: 'source_wins',
      code: undefined,
      rows: [1, 1, 1, 1],
    })),
  );
  const report = reportOf(JOB, { after: 0, through: records.length }, records);

  expect(reportHtml(report).length).toBeLessThan(1_000_000);
  expect(JSON.stringify(report).length).toBeLessThan(5_000_000);
});

const event = (seq: number, type: string, data: object): AuditEvent => ({
  job_id: JOB,
  stream: 'job',
  seq,
  type,
  at: '2026-11-23T10:00:00.000Z',
  actor: 'x',
  data: { table: 'public.t', ...data },
});

test('rows that a chunk decided otherwise count under what decided them, the others under its rule', () => {
  const decisions = { 'update_differing/newer_wins': 3, target_edit: 2 };
  const records = link(START, [
    event(1, 'chunk.applied', { rule: 'newer_wins', inserted: 10, updated: 5, decisions }),
    event(2, 'conflict.decided', { rule: 'newer_wins' }),
    event(3, 'conflict.resolved', { rule: 'manual' }),
    event(4, 'segment.finished', { rule: 'compared' }),
  ]);

  expect(reportOf(JOB, { after: 0, through: 4 }, records).decisions).toEqual([
    { name: 'newer_wins', count: 10 },
    { name: 'update_differing/newer_wins', count: 3 },
    { name: 'target_edit', count: 2 },
    { name: 'manual', count: 1 },
  ]);
});

test('tells rows that rules did not let pass, by table, rule and severity; parts add up', () => {
  const rules = [
    { name: 'range(price)', rule: 'range', severity: 'reject', rows: 3 },
    { name: 'unique(apn)', rule: 'unique', severity: 'warn' },
  ];
  const [prepared, completed] = link(START, [
    event(1, 'job.prepared', { tables: [{ name: 'public.t', rules }, { name: 'public.u' }] }),
    event(2, 'job.completed', {}),
  ]) as [AuditRecord, AuditRecord];

  const report = addReports(
    reportOf(JOB, { after: 0, through: 1 }, [prepared]),
    reportOf(JOB, { after: 1, through: 2 }, [completed]),
  );

  expect(report.rules).toEqual([{ name: 'public.t: range(price) (reject)', count: 3 }]);
});
