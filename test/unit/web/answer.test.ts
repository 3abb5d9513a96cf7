import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { answerPage, type PageEvent } from '../../../functions/web/answer.ts';
import type { WebFiles } from '../../../functions/web/files.ts';
import { pages } from '../../../functions/web/pages.ts';

const file = (type: string, text: string) => ({
  type,
  plain: Buffer.from(text),
  brotli: brotliCompressSync(Buffer.from(text)),
});
const files: WebFiles = new Map([
  ['index.html', file('text/html; charset=utf-8', '<!doctype html>')],
  ['index-abc.js', file('text/javascript; charset=utf-8', 'go()')],
]);

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const event = {
    rawPath: path,
    headers,
    requestContext: { requestId: 'r1', http: { method } },
  } as unknown as PageEvent; // what is read
  const { statusCode, headers: sent = {}, body = '', isBase64Encoded } = answerPage(event, () => files);
  return { status: statusCode, headers: sent, bytes: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') };
}

test('every page is the one document, asked for each time, under a policy without inline script', () => {
  for (const { path } of pages.filter((p) => p.answers === 'document')) {
    const { status, headers, bytes } = get(path.replace('{job_id}', '1'));

    expect([path, status, bytes.toString()]).toEqual([path, 200, '<!doctype html>']);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  }
});

test('files are kept by the browser for good, and compressed for those that can read it', () => {
  const plain = get('/sync/terra_fusion/assets/index-abc.js');
  const small = get('/sync/terra_fusion/assets/index-abc.js', { 'accept-encoding': 'gzip, deflate, br' });
  const never = get('/sync/terra_fusion/assets/index-abc.js', { 'accept-encoding': 'gzip, br;q=0' });

  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(plain.bytes.toString()).toBe('go()');
  expect(small.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' });
  expect(brotliDecompressSync(small.bytes).toString()).toBe('go()');
  expect(never.headers['content-encoding']).toBeUndefined();
});

test.each(['index.html', 'index-abc.js.br', '..%2Findex.mjs', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', 'none.js'])(
  'there is no file %s to be had',
  (name) => {
    const { status, headers, bytes } = get(`/sync/terra_fusion/assets/${name}`);

    expect([status, headers['content-type']]).toEqual([404, 'application/problem+json']);
    expect(JSON.parse(bytes.toString())).toMatchObject({ code: 'route_not_found', request_id: 'r1' });
  },
);

test('the root leads to the dashboard, and nothing but GET is taken', () => {
  expect(get('/')).toMatchObject({ status: 302, headers: { location: '/sync/terra_fusion' } });
  expect(get('/', {}, 'POST').status).toBe(405);
});
