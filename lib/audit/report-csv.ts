import type { AuditReport, RowTally, Tally } from '../model/audit-report.ts';
import { csvLine } from './csv.ts';
import { pace } from './report.ts';

const ROWS = ['inserted', 'updated', 'deleted', 'quarantined'] as const;

/** A report as CSV, one figure a line: section, name, figure, value. */
export function reportCsv(report: AuditReport): string {
  const lines: (readonly (string | number | null)[])[] = [['section', 'name', 'figure', 'value']];
  const rows = (section: string, name: string, tally: RowTally) => {
    for (const figure of ROWS) lines.push([section, name, figure, tally[figure]]);
  };
  const tallies = (section: string, all: readonly Tally[], figure = 'events') => {
    for (const { name, count } of all) lines.push([section, name, figure, count]);
  };
  const { job_id, first_at, last_at, events } = report;
  const { seconds, rows_written_per_second } = pace(report);
  for (const [figure, value] of Object.entries({ events, first_at, last_at, seconds, rows_written_per_second }))
    lines.push(['job', job_id, figure, value]);
  rows('job', job_id, report.rows);
  for (const table of report.tables) {
    rows('table', table.name, table);
    for (const figure of ['chunks', 'unexplained', 'first_at', 'last_at'] as const)
      lines.push(['table', table.name, figure, table[figure]]);
  }
  tallies('type', report.types);
  tallies('severity', report.severities);
  tallies('actor', report.actors);
  tallies('decision', report.decisions, 'rows');
  tallies('error', report.errors, 'times');
  tallies('rule', report.rules, 'rows');
  for (const { minute, ...tally } of report.minutes) rows('minute', minute, tally);
  for (const m of report.milestones) lines.push(['milestone', m.type, m.code ?? 'at', m.at]);
  return lines.map(csvLine).join('');
}
