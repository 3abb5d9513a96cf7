import { call, constant, numberConstant, within } from './sql.ts';
import { type Kind, strict, type Term } from './term.ts';

/** Computed with are numbers of at most so many digits before the point, and as many after it. */
export const MOST_DIGITS = 1000;
/** Computed with are texts of at most so many bytes. */
export const MOST_BYTES = 1_000_000;

const number = (x: string) =>
  `(case when ${x} > ${numberConstant('-1e1000')} and ${x} < ${numberConstant('1e1000')} and ${call('scale', x)} <= ${MOST_DIGITS} then ${x} end)`;

const text = (x: string) => `(case when ${call('octet_length', x)} <= ${MOST_BYTES} then ${x} end)`;

/** Computed with are the years 1 to 9999: what the formats of dates can say. */
export const YEARS: Readonly<Partial<Record<Kind, readonly [before: string, after: string]>>> = {
  date: [constant('date', '0001-12-31 BC'), constant('date', '10000-01-01')],
  timestamp: [constant('timestamp', '0001-12-31 23:59:59.999999 BC'), constant('timestamp', '10000-01-01 00:00:00')],
  timestamptz: [
    constant('timestamptz', '0001-12-31 23:59:59.999999+00 BC'),
    constant('timestamptz', '10000-01-01 00:00:00+00'),
  ],
};

const withinYears = (kind: Kind, x: string) => {
  const [before = '', after = ''] = YEARS[kind] ?? [];
  return within(x, before, after);
};

/** The same value where it can be computed with: a failure where it is NaN, infinite, or too long. */
export function tame(term: Term): Term {
  if (!term.wild) return term;
  const { wild: _, as: __, ...rest } = term;
  const digits = term.digits;
  // an infinity has no scale, so a declared one leaves NaN alone
  if (digits && digits.whole <= MOST_DIGITS && digits.scale <= MOST_DIGITS)
    return strict({ ...rest, sql: `nullif(${term.sql}, ${numberConstant('NaN')})`, fails: true }, [term]);
  if (digits)
    return strict(
      {
        ...rest,
        sql: number(term.sql),
        digits: { whole: MOST_DIGITS, scale: MOST_DIGITS, integer: false },
        fails: true,
      },
      [term],
    );
  if (term.kind === 'text')
    return strict({ ...rest, sql: text(term.sql), characters: MOST_BYTES, fails: true }, [term]);
  return strict({ ...rest, sql: withinYears(term.kind, term.sql), fails: true }, [term]);
}
