import { SyncError } from '../../lib/model/errors.ts';
import { badKey, deeperThan, jsonFault } from './json.ts';

const MAX_BYTES = 256 * 1024;

/** No route takes half of that; whoever reads a value goes as deep as it is. */
const MAX_DEPTH = 20;

/** What of an HTTP API event a body is read from. Header names are lower-case. */
export interface RawBody {
  readonly body?: string | undefined;
  readonly isBase64Encoded: boolean;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Reads one JSON object. Own code and not middy's parser: that one answers 422 and quotes the body in its errors. */
export function readJsonObject(raw: RawBody): object {
  if (!raw.body) throw new SyncError('body_invalid_json', 'expected a JSON object, found an empty body');
  const encoding = raw.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new SyncError('unsupported_media_type', 'a body with a content-encoding is not accepted');
  if (!/^application\/json\s*(;\s*charset=("?)utf-8\2\s*)?$/i.test(raw.headers['content-type'] ?? ''))
    throw new SyncError('unsupported_media_type', 'expected content-type: application/json');

  const bytes = Buffer.from(raw.body, raw.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > MAX_BYTES) throw new SyncError('body_too_large', `larger than ${MAX_BYTES} bytes`);
  const text = decode(bytes);
  if (deeperThan(MAX_DEPTH, text)) throw new SyncError('body_too_deep', `nested deeper than ${MAX_DEPTH}`);
  const value = parse(text);
  const bad = badKey(text);
  if (bad) {
    const { code, line, column } = bad; // not the key: it may be a piece of a secret
    throw new SyncError(code, `a field at line ${line}, column ${column}`, { facts: { line, column } });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SyncError('body_invalid_json', 'expected a JSON object at line 1, column 1, found something else');
  return value;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new SyncError('body_invalid_utf8', 'the body is not UTF-8 text');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8's message quotes the text around the fault, which may be a password: only the place is told.
    const { line, column } = jsonFault(text) ?? { line: 1, column: 1 };
    throw new SyncError('body_invalid_json', `not JSON at line ${line}, column ${column}`, { facts: { line, column } });
  }
}
