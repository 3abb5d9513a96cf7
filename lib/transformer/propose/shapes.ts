/** What the values of a column look like, where looking at values is allowed. */
export const SHAPES = [
  'email',
  'url',
  'uuid',
  'ssn',
  'phone',
  'zip',
  'year',
  'date',
  'flag',
  'integer',
  'decimal',
  'code',
  'words',
] as const;
export type Shape = (typeof SHAPES)[number];

/** The first that fits; each ends at a fixed length or after one run, so none goes back over its input. */
const FORMS: readonly (readonly [Shape, RegExp])[] = [
  ['email', /^[^\s@]{1,100}@[^\s@]{1,100}\.[a-z]{2,20}$/i],
  ['url', /^https?:\/\//i],
  ['uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i],
  ['ssn', /^\d{3}-\d{2}-\d{4}$/],
  ['date', /^\d{4}-\d\d-\d\d([ T].{0,40})?$/],
  ['flag', /^(true|false|t|f|y|n|yes|no)$/i],
  ['zip', /^\d{5}(-\d{4})?$/],
  ['phone', /^(\+\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[ .-]\d{4}$/],
  ['year', /^(1[789]|20)\d\d$/],
  ['integer', /^-?\d{1,20}$/],
  ['decimal', /^-?\d{1,30}\.\d{1,30}$/],
  ['code', /^[A-Z0-9][A-Z0-9./-]{0,11}$/],
];

const LONGEST = 200;
const FEWEST = 3;
/** How many of the values must look alike. */
const SHARE = 0.8;

function shapeOfValue(value: string): Shape {
  return FORMS.find(([, form]) => form.test(value))?.[0] ?? 'words';
}

/** What most values look like; undefined where they are too few, or mixed. NULLs say nothing. */
export function shapeOf(values: readonly (string | null)[]): Shape | undefined {
  const given = values.filter((v): v is string => v !== null && v !== '').map((v) => v.slice(0, LONGEST));
  if (given.length < FEWEST) return undefined;
  const counts = new Map<Shape, number>();
  for (const value of given) {
    const shape = shapeOfValue(value);
    counts.set(shape, (counts.get(shape) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most && most[1] >= given.length * SHARE ? most[0] : undefined;
}
