import type { MaskSpec } from '../../model/mask.ts';
import type { PersonalKind } from '../../model/proposal.ts';
import type { ColumnView, TableView } from './column-score.ts';
import type { Name } from './names.ts';
import type { Shape } from './shapes.ts';

/** Whoever is a person in a table of an assessor or of a business; a company's name is masked with them. */
const PEOPLE = new Set([
  'owner',
  'seller',
  'buyer',
  'taxpayer',
  'applicant',
  'customer',
  'employee',
  'person',
  'driver',
  'contact',
  'tenant',
  'spouse',
  'patient',
  'member',
  'student',
  'resident',
  'borrower',
  'appellant',
  'claimant',
  'beneficiary',
  'trustee',
]);

const means = (name: Name, ...wanted: string[]) =>
  wanted.every((m) => name.words.some((w) => w.meanings.includes(m) || w.text === m || w.stem === m));

const namesPerson = (name: Name) => name.words.some((w) => [w.text, w.stem, ...w.meanings].some((m) => PEOPLE.has(m)));

const TEXT = new Set(['text', 'varchar', 'bpchar', 'citext']);
const DATES = new Set(['date', 'timestamp', 'timestamptz']);

const BY_SHAPE: Partial<Readonly<Record<Shape, PersonalKind>>> = {
  email: 'email',
  phone: 'phone',
  ssn: 'identity_number',
};

/** Whether the values of a column are likely to tell who somebody is; by its name, its table, and its values where known. */
export function personalKind({ name, column, shape }: ColumnView, { title }: TableView): PersonalKind | undefined {
  const type = column.type.base.name;
  if (DATES.has(type)) return means(name, 'birth') ? 'birth_date' : undefined;
  const number = ['int4', 'int8', 'numeric'].includes(type);
  if (means(name, 'ssn') || means(name, 'nationalid') || means(name, 'passport'))
    return TEXT.has(type) || number ? 'identity_number' : undefined;
  if (!TEXT.has(type)) return undefined;
  const byShape = shape && BY_SHAPE[shape];
  if (byShape) return byShape;
  if (means(name, 'bank') || means(name, 'iban')) return means(name, 'name') ? undefined : 'account_number';
  if (means(name, 'email')) return 'email';
  if (means(name, 'phone') || means(name, 'mobile') || means(name, 'fax')) return 'phone';
  if (isStreet(name)) return 'street_address';
  return nameKind(name, namesPerson(title));
}

/** The line with the street: not the city, the state or the zip code, and nothing of a street but its name. */
function isStreet(name: Name): boolean {
  if (
    ['city', 'zip', 'country', 'county', 'type', 'direction', 'number', 'code', 'id', 'date', 'flag'].some((m) =>
      means(name, m),
    ) ||
    means(name, 'email')
  )
    return false;
  return means(name, 'address') || (means(name, 'street') && (means(name, 'name') || name.words.length === 1));
}

function nameKind(name: Name, inPeople: boolean): PersonalKind | undefined {
  const person = namesPerson(name);
  if (['id', 'number', 'code', 'type', 'flag', 'date', 'status', 'user', 'file'].some((m) => means(name, m)))
    return undefined;
  if (means(name, 'first') && (means(name, 'name') || name.words.length === 1)) return 'first_name';
  if (means(name, 'last') && means(name, 'name')) return 'last_name';
  if (means(name, 'middle')) return 'first_name';
  if (person && (means(name, 'name') || name.words.length === 1)) return 'full_name';
  return inPeople && means(name, 'name') && name.words.every((w) => w.meanings.includes('name') || w.text === 'full')
    ? 'full_name'
    : undefined;
}

const MASKS: Readonly<Record<PersonalKind, MaskSpec>> = {
  first_name: { kind: 'fake', as: 'first_name', domain: '' },
  last_name: { kind: 'fake', as: 'last_name', domain: '' },
  full_name: { kind: 'fake', as: 'full_name', domain: '' },
  street_address: { kind: 'fake', as: 'street_address', domain: '' },
  email: { kind: 'fake', as: 'email', domain: '' },
  phone: { kind: 'fake', as: 'phone', domain: '' },
  identity_number: { kind: 'digits', domain: '' },
  account_number: { kind: 'digits', domain: '' },
  birth_date: { kind: 'shift_days', days: 365, domain: '' },
};

/** The mask for such a column. Where values must stay different (`unique`), a hash: a dictionary has too few names. */
export function maskFor(kind: PersonalKind, unique: boolean): MaskSpec {
  const fake = MASKS[kind];
  return unique && fake.kind === 'fake' ? { kind: 'hash', domain: '' } : fake;
}
