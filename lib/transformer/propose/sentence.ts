import type { Column } from '../../model/table.ts';

/** Longer sentences are no simple ones. */
const LONGEST = 300;
const NUMBER = String.raw`\d{1,9}(?:\.\d{1,9})?`;
const TEXT = /^(?:"([^"\\]{0,60})"|'([^'\\]{0,60})')$/;

/** Words between the parts of a sentence; what they mean is in the form. */
interface Form {
  readonly pattern: RegExp;
  /** Undefined: the parts are not what the form needs. */
  make(part: (n: number) => string, read: Reader): string | undefined;
  readonly reason: string;
}

/** Reads parts of a sentence against the columns of a table. */
interface Reader {
  /** The one column that a phrase names. */
  column(phrase: string): Column | undefined;
  /** A column as an expression names it; without NULL where it is one of several that are joined. */
  name(phrase: string, joined?: boolean): string | undefined;
}

/** A text in quotes as an expression writes it, or a number. */
function literal(text: string): string | undefined {
  const quoted = TEXT.exec(text.trim());
  if (quoted) return JSON.stringify(quoted[1] ?? quoted[2] ?? '');
  return new RegExp(`^-?${NUMBER}$`).test(text.trim()) ? text.trim() : undefined;
}

const SEPARATORS: Readonly<Record<string, string>> = {
  'a space': '" "',
  spaces: '" "',
  space: '" "',
  'a comma': '", "',
  commas: '", "',
  'a hyphen': '"-"',
  'a dash': '"-"',
  'a slash': '"/"',
  'a line break': String.raw`"\n"`,
  nothing: '""',
};

const separatorOf = (text: string) => SEPARATORS[text.trim().toLowerCase()] ?? literal(text);

/** A simple call of one column. */
const call = (pattern: RegExp, make: (x: string) => string, reason: string): Form => ({
  pattern,
  reason,
  make: (part, { name }) => {
    const x = name(part(1));
    return x === undefined ? undefined : make(x);
  },
});

const FUNCTION_OF = ['year', 'quarter', 'month', 'day', 'hour'];
const SIGNS: Readonly<Record<string, string>> = {
  times: '*',
  'multiplied by': '*',
  'divided by': '/',
  plus: '+',
  minus: '-',
};

function joined(list: string, separator: string | undefined, { name }: Reader): string | undefined {
  const parts = list.split(/\s*,\s*(?:and\s+)?|\s+and\s+/i);
  if (separator === undefined || parts.length < 2 || parts.length > 10) return undefined;
  const names = parts.map((p) => name(p, true));
  if (names.some((n) => n === undefined)) return undefined;
  return separator === '""' ? names.join(' + ') : `trim(${names.join(` + ${separator} + `)})`;
}

/** Each sentence is matched as a whole; a phrase between is the name of a column or nothing. */
const FORMS: readonly Form[] = [
  call(/^(?:upper ?case|capitals|upper) (?:of )?(.+)$/i, (x) => `upper(${x})`, 'in upper case'),
  call(/^(.+) in (?:upper ?case|capitals|capital letters)$/i, (x) => `upper(${x})`, 'in upper case'),
  call(/^(?:lower ?case|lower) (?:of )?(.+)$/i, (x) => `lower(${x})`, 'in lower case'),
  call(/^(.+) in (?:lower ?case|small letters)$/i, (x) => `lower(${x})`, 'in lower case'),
  call(/^(?:trim|trimmed) (.+)$/i, (x) => `trim(${x})`, 'without blanks at both ends'),
  call(
    /^(.+) (?:trimmed|without (?:blanks|spaces) at (?:both|the) ends)$/i,
    (x) => `trim(${x})`,
    'without blanks at both ends',
  ),
  call(/^(?:the )?(?:length|number of characters) of (.+)$/i, (x) => `size(${x})`, 'how many characters'),
  call(/^(.+) as (?:a )?text$/i, (x) => `string(${x})`, 'as a text'),
  call(/^(.+) as (?:a )?whole number$/i, (x) => `int(${x})`, 'as a whole number'),
  call(/^(.+) as (?:a )?(?:number|decimal)$/i, (x) => `decimal(${x})`, 'as a number'),
  call(/^(.+) as (?:a )?date$/i, (x) => `date(${x})`, 'as a date'),
  {
    pattern: new RegExp(`^(?:the )?(${FUNCTION_OF.join('|')}) of (.+)$`, 'i'),
    reason: 'a part of a date',
    make: (part, { name }) => {
      const x = name(part(2));
      return x && `${part(1).toLowerCase()}(${x})`;
    },
  },
  {
    pattern: /^(?:the )?first (\d{1,4}) (?:characters|letters|digits) of (.+)$/i,
    reason: 'the beginning of a text',
    make: (part, { name }) => {
      const x = name(part(2));
      return x && `substring(${x}, 0, ${Number(part(1))})`;
    },
  },
  {
    pattern: /^(.+) rounded(?: to (\d{1,2}) (?:places|digits|decimals|decimal places))?$/i,
    reason: 'rounded, halves away from zero',
    make: (part, { name }) => {
      const x = name(part(1));
      return x && (part(2) === '' ? `round(${x})` : `round(${x}, ${Number(part(2))})`);
    },
  },
  {
    pattern: new RegExp(`^(.+) (${Object.keys(SIGNS).join('|')}) (.+)$`, 'i'),
    reason: 'a calculation',
    make: (part, { name }) => {
      const [a, b] = [name(part(1)), name(part(3)) ?? decimalOf(literal(part(3)))];
      return a === undefined || b === undefined ? undefined : `${a} ${SIGNS[part(2).toLowerCase()]} ${b}`;
    },
  },
  {
    pattern:
      /^(.+?),? (?:or|else|otherwise) (\S.*?)(?: (?:if|when|where) (?:it is )?(?:null|missing|not known|unknown|empty))?$/i,
    reason: 'another value where there is none',
    make: (part, { name }) => {
      const [x, other] = [name(part(1)), name(part(2)) ?? literal(part(2))];
      return x === undefined || other === undefined ? undefined : `coalesce(${x}, ${other})`;
    },
  },
  {
    pattern: /^replace (\S.*) (?:with|by) (\S.*) in (.+)$/i,
    reason: 'one text replaced by another',
    make: (part, { name }) => {
      const [what, by, x] = [literal(part(1)), literal(part(2)), name(part(3))];
      return what && by && x ? `replace(${x}, ${what}, ${by})` : undefined;
    },
  },
  {
    pattern: /^(\S.*) (?:if|when) (.+?)(?: is true)?,? (?:else|otherwise) (\S.*)$/i,
    reason: 'one of two values',
    make: (part, { column, name }) => {
      const [yes, no, x] = [literal(part(1)), literal(part(3)), column(part(2))];
      return yes && no && x?.type.base.name === 'bool' ? `${name(part(2))} ? ${yes} : ${no}` : undefined;
    },
  },
  {
    pattern: /^(?:join )?(.+?) (?:joined by|separated by|joined with|with) (.+?)(?: between(?: them)?)?$/i,
    reason: 'texts one after the other; one that is missing leaves the others',
    make: (part, read) => joined(part(1), separatorOf(part(2)), read),
  },
];

/** `/` of whole numbers cuts: who writes a number in a sentence means the exact one. */
const decimalOf = (text: string | undefined) =>
  text !== undefined && /^-?\d+$/.test(text) ? `${text}.0` : text?.startsWith('"') ? undefined : text;

const plain = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[\s_]+/g, ' ')
    .trim();

function reader(columns: readonly Column[]): Reader {
  const column = (phrase: string) => {
    const wanted = plain(phrase.replace(/^(?:the )?(?:column )?/i, ''));
    const exact = columns.filter((c) => c.name === phrase.trim());
    const alike = exact.length > 0 ? exact : columns.filter((c) => plain(c.name) === wanted);
    return alike.length === 1 ? alike[0] : undefined; // two that are spelled alike: nobody knows which
  };
  return {
    column,
    name: (phrase, isJoined = false) => {
      const found = column(phrase);
      if (!found) return undefined;
      const own = /^[a-z][a-z0-9_]*$/.test(found.name) ? `row.${found.name}` : `row[${JSON.stringify(found.name)}]`;
      const text =
        ['text', 'varchar', 'bpchar', 'citext'].includes(found.type.base.name) || !isJoined ? own : `string(${own})`;
      return isJoined && !found.notNull ? `coalesce(${text}, "")` : text;
    },
  };
}

/**
 * An expression for a simple sentence that names columns as they are spelled (blanks for underscores are fine); undefined for any
 * other. The caller compiles it: that it has the right types is not looked at here.
 */
export function expressionOf(
  sentence: string,
  columns: readonly Column[],
): { readonly expression: string; readonly reason: string } | undefined {
  const text = sentence.replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '');
  if (text.length > LONGEST) return undefined;
  const read = reader(columns);
  for (const { pattern, make, reason } of FORMS) {
    const found = pattern.exec(text);
    const expression = found && make((n) => found[n] ?? '', read);
    if (expression) return { expression, reason };
  }
  return undefined;
}
