import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface Signing {
  readonly host: string;
  readonly region: string;
  readonly service: string;
  readonly at: Date;
}

interface SignedCall extends Signing {
  /** Beside `host` and those of the signature. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const timeOf = (at: Date) => at.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
const scopeOf = ({ at, region, service }: Signing) => `${timeOf(at).slice(0, 8)}/${region}/${service}/aws4_request`;

/** Of a canonical request: method, path, query, headers, their names, hash of the body. */
function signatureOf(canonical: readonly string[], signing: Signing, { secretAccessKey }: Credentials): string {
  const scope = scopeOf(signing);
  const text = [ALGORITHM, timeOf(signing.at), scope, sha256(canonical.join('\n'))].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return hmac(key, text).toString('hex');
}

/** All headers of a `POST /` to AWS, signed by Signature Version 4. */
export function signedPost(call: SignedCall, credentials: Credentials): Readonly<Record<string, string>> {
  const token = credentials.sessionToken;
  const headers: Record<string, string> = {
    ...Object.fromEntries(Object.entries(call.headers).map(([name, value]) => [name.toLowerCase(), value.trim()])),
    host: call.host,
    'x-amz-date': timeOf(call.at),
    ...(token !== undefined && { 'x-amz-security-token': token }),
  };
  const names = Object.keys(headers).sort();
  const listed = names.join(';');
  const lines = names.map((name) => `${name}:${headers[name]}`);
  const signature = signatureOf(['POST', '/', '', ...lines, '', listed, sha256(call.body)], call, credentials);
  const credential = `${credentials.accessKeyId}/${scopeOf(call)}`;
  return {
    ...headers,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${listed}, Signature=${signature}`,
  };
}

/** As Signature Version 4 writes it: everything but letters, digits and -._~ */
const encoded = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** `host/?query` of a `GET /` that is signed in its query; whoever holds it may call for as long as it lasts. */
export function presignedGet(
  {
    query,
    expiresSeconds,
    ...signing
  }: Signing & {
    readonly query: Readonly<Record<string, string>>;
    readonly expiresSeconds: number;
  },
  credentials: Credentials,
): string {
  const asked: Readonly<Record<string, string>> = {
    ...query,
    'X-Amz-Algorithm': ALGORITHM,
    'X-Amz-Credential': `${credentials.accessKeyId}/${scopeOf(signing)}`,
    'X-Amz-Date': timeOf(signing.at),
    'X-Amz-Expires': String(expiresSeconds),
    'X-Amz-SignedHeaders': 'host',
    ...(credentials.sessionToken !== undefined && { 'X-Amz-Security-Token': credentials.sessionToken }),
  };
  const text = Object.keys(asked)
    .sort()
    .map((name) => `${encoded(name)}=${encoded(asked[name] ?? '')}`)
    .join('&');
  const canonical = ['GET', '/', text, `host:${signing.host}`, '', 'host', sha256('')];
  return `${signing.host}/?${text}&X-Amz-Signature=${signatureOf(canonical, signing, credentials)}`;
}
