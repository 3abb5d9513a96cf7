import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/**
 * Data as DynamoDB's attribute values, and back. Data is what JSON can hold; `undefined` in an object or array is left out.
 *
 * Our own, because the SDK's looks at `value.constructor` to tell objects from class instances, and refuses a map with a key
 * of that name: maps by column are keyed by names that users chose. 12 KB of each bundle less, too.
 */
export function toAttribute(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: numeral(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.filter((element) => element !== undefined).map(toAttribute) };
  if (typeof value === 'object' && isPlain(value)) return { M: toItem(value) };
  throw new TypeError(`no attribute of DynamoDB holds a ${typeof value}`);
}

/** A Date, a Map or a Buffer would be stored as something else, and nobody would see it. */
function isPlain(value: object): boolean {
  const of: unknown = Object.getPrototypeOf(value);
  return of === null || Object.getPrototypeOf(of) === null; // Object.prototype, also that of another realm
}

/** Digits of a number that comes back as it went: integers beyond 2^53 would not. */
function numeral(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw new TypeError('no attribute of DynamoDB holds this number exactly: keep it as text');
  }
  return String(value);
}

export const toItem = (data: object): Record<string, AttributeValue> =>
  Object.fromEntries(
    Object.entries(data)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, toAttribute(value)]),
  );

export function fromAttribute(value: AttributeValue): unknown {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.NULL !== undefined) return null;
  if (value.L !== undefined) return value.L.map(fromAttribute);
  if (value.M !== undefined) return fromItem(value.M);
  throw new TypeError('an attribute of a type that this service never writes');
}

export const fromItem = (item: Record<string, AttributeValue>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, fromAttribute(value)]));
