import type { JobConfig } from '../../lib/model/config.ts';

/** Personal data of a county's people, each value of which can be found wherever it goes: one by its word, its number or its date. */
const WORD = 'QZCANARY';
const NUMBER = '730417729';
const ROWS = 40;

/** 22 years apart, so that no shift of up to 3,650 days makes one person's date another's. */
const DATES = Array.from({ length: ROWS }, (_, i) => `${1100 + 22 * i}-04-17`);

const KEPT = 'QZKEPTBYCHOICE';

const text = (column: string) => `'${WORD} ${column} ' || i`;

/** What every tagged column is declared as, its value of row `i`, and its mask. */
const TAGGED: Readonly<Record<string, readonly [declared: string, value: string, mask: object]>> = {
  kept: ['text', `'${KEPT} ' || i`, { kind: 'keep' }],
  nothing: ['text', text('nothing'), { kind: 'null' }],
  document: ['jsonb', `jsonb_build_object('who', ${text('document')}, 'no', ${NUMBER}000000 + i)`, { kind: 'null' }],
  word: ['text', text('word'), { kind: 'constant', value: 'withheld' }],
  number: ['int8', `${NUMBER}000000 + i`, { kind: 'constant', value: 7 }],
  hashed: ['text', text('hashed'), { kind: 'hash' }],
  hashed_id: ['uuid', `('73041772-9000-4000-8000-' || lpad(i::text, 12, '0'))::uuid`, { kind: 'hash' }],
  hashed_bytes: ['bytea', `convert_to(${text('bytes')}, 'UTF8')`, { kind: 'hash' }],
  tax_no: ['text', `'T-' || ${NUMBER}000000 + i`, { kind: 'digits', domain: 'tax' }],
  tax_value: ['int8', `${NUMBER}000000 + i`, { kind: 'digits' }],
  tail: ['text', `${text('tail')} || '-' || 1000 + i`, { kind: 'last4' }],
  first_name: ['text', text('first'), { kind: 'fake', as: 'first_name' }],
  last_name: ['text', text('last'), { kind: 'fake', as: 'last_name' }],
  full_name: ['text', text('full'), { kind: 'fake', as: 'full_name' }],
  address: ['text', text('address'), { kind: 'fake', as: 'street_address' }],
  city: ['text', text('city'), { kind: 'fake', as: 'city' }],
  email: ['text', `'${WORD}.' || i || '@county.org'`, { kind: 'fake', as: 'email' }],
  phone: ['text', `'${NUMBER}' || 100 + i`, { kind: 'fake', as: 'phone' }],
  worth: ['numeric(20,4)', `${NUMBER}000000.25 + i`, { kind: 'noise', percent: 100 }],
  whole: ['int8', `${NUMBER}000000 + i`, { kind: 'noise', percent: 50 }],
  about: ['float8', `${NUMBER}000000 + i`, { kind: 'noise', percent: 50 }],
  born: ['date', `make_date(1078 + 22 * i, 4, 17)`, { kind: 'shift_days', days: 3650 }],
  seen: ['timestamptz', `make_timestamptz(1078 + 22 * i, 4, 17, 3, 4, 5.5, 'UTC')`, { kind: 'shift_days', days: 3650 }],
};

/** Mask kinds that these columns carry; `jitter` needs PostGIS. */
export const KINDS_HERE = new Set(Object.values(TAGGED).map(([, , mask]) => (mask as { kind: string }).kind));

const declared = Object.entries(TAGGED).map(([name, [type]]) => `${name} ${type}`);

/** Tables of both sides; `kind` and `code` are nobody's personal data, and the ways in which rows fail go by them. */
export const PEOPLE = `
  create table person (id int primary key, kind text, code text, remark text, ${declared.join(', ')});
  alter table person add unique (tax_no);
  create table account (account_no text primary key, holder text references person (tax_no), note text)`;

/** The target refuses the person 7, remarks of more than ten characters, and a second row of one code. */
export const REFUSING = `
  alter table person add check (id <> 7), add check (length(remark) <= 10), add unique (code)`;

export const FILL = `
  insert into person select i, 'a', 'code ' || i, 'short', ${Object.values(TAGGED).map(([, value]) => value)} from generate_series(1, ${ROWS}) i;
  insert into account select '${NUMBER}00' || 1000 + i, 'T-' || ${NUMBER}000000 + i, 'account ' || i from generate_series(20, 30) i;
  update person set remark = 'longer than the target has room for' where id = 8;
  update person set kind = 'none that is listed' where id = 10;
  update person set tax_no = repeat('${NUMBER}', 5) where id = 11`;

/** Both sides change a person; one that the target has changed is gone from the source. */
export const EDITS = {
  source: `
    update person set full_name = '${WORD} renamed', worth = worth + 1, kept = kept || ' again' where id = 20;
    delete from account where holder = 'T-' || ${NUMBER}000000 + 21;
    delete from person where id = 21`,
  target: `update person set full_name = 'by hand', remark = 'edited' where id in (20, 21)`,
};

const masked = (column: string) => ({ column, mask: TAGGED[column]?.[2] });
const tax = (column: string) => ({ column, mask: TAGGED.tax_no?.[2] });

/** The config of the refresh (`kept` is no personal data by decision, or the job would be refused): every tagged column masked, people decide conflicts, and the trail tells each row. */
export const REFRESH = {
  mapping: {
    'public.person': {
      from: 'public.person',
      columns: {
        ...Object.fromEntries(Object.keys(TAGGED).map((name) => [name, masked(name)])),
        kind: { column: 'kind', values: { a: 'A' } },
      },
    },
    'public.account': {
      from: 'public.account',
      columns: { account_no: tax('account_no'), holder: tax('holder') },
    },
  },
  pii_columns: [
    ...Object.keys(TAGGED).flatMap((name) => (name === 'kept' ? [] : [`public.person.${name}`])),
    'public.account.account_no',
    'public.account.holder',
  ],
  column_tags: { 'public.person.kept': 'null' },
  audit_level: 'detailed',
  conflict_strategy: 'manual',
  conflict_rules: { 'public.person': { types: { unique_violation: 'source_wins' } } },
} as unknown as Partial<JobConfig>;

/** Texts that base64 makes of a word, whatever stands before and after it. */
const base64Of = (word: string) =>
  [0, 1, 2].map((before) => {
    const whole = Buffer.from('.'.repeat(before) + word).toString('base64');
    const from = Math.ceil((before * 4) / 3);
    return whole.slice(from === 0 ? 0 : from + 1, Math.floor(((before + word.length) * 8) / 6) - 1);
  });

const hexOf = (word: string) => Buffer.from(word).toString('hex');

/** A word as it stands, as hex and in base64. */
export const formsOf = (word: string): readonly string[] => [word, hexOf(word), ...base64Of(word)];

/** Every form in which a masked value could be found. */
export const CANARIES: readonly string[] = [
  ...[WORD, NUMBER].flatMap(formsOf),
  WORD.toLowerCase(),
  hexOf(WORD).toUpperCase(),
  '73041772-9',
  ...DATES,
];

/** For tagged columns of any suite: wherever a service's life ends, leaks/check.ts looks for it. */
export const CANARY = WORD;

/** The canaries that a text holds. */
export const canariesIn = (content: string): readonly string[] => CANARIES.filter((c) => content.includes(c));

/** Values that a mask `keep` lets through. */
export const keptIn = (content: string): boolean =>
  [KEPT, hexOf(KEPT), ...base64Of(KEPT)].some((k) => content.includes(k));
