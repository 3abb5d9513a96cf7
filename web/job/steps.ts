import type { HealingEvent, TableStatus } from '../../lib/model/answers.ts';

/** Something that the service did, once or several times. `at`: the last time. */
export interface Step extends HealingEvent {
  readonly times: number;
}

const REPEATED = / (\d+) times\.$/;

/** Where within its table something was done makes no other step of it. */
const WITHIN = /^([^:]*?)((?:, (?:segment|pass) [^,:]*)+)(?=: )/;

/** Of what is told by its number, the name. */
function named(message: string, tables: readonly Pick<TableStatus, 'table' | 'name'>[]): string {
  const [told, number] = /^(?:table )?(\d+)(?=[,:])/.exec(message) ?? [];
  const table = tables.find((one) => String(one.table) === number);
  return told !== undefined && table ? table.name + message.slice(told.length) : message;
}

/** What the service did, the last step first: what it did to one table for one reason is one step, however often it was done. */
export function stepsTaken(
  events: readonly HealingEvent[],
  tables: readonly Pick<TableStatus, 'table' | 'name'>[],
): readonly Step[] {
  const told = events.map(({ at, type, message }): Step => {
    const times = Number(REPEATED.exec(message)?.[1] ?? 1);
    return { at, type, message: named(message, tables).replace(REPEATED, '').replace(WITHIN, '$1'), times };
  });
  const alike = Map.groupBy(told, ({ type, message }) => `${type} ${message}`);
  return [...alike.values()].flatMap((group) => {
    const [first] = group.toSorted((a, b) => (a.at < b.at ? 1 : -1));
    return first ? [{ ...first, times: group.reduce((n, { times }) => n + times, 0) }] : [];
  });
}
