import { afterEach, expect, it, vi } from 'vitest';
import { fetchFile } from '../../../web/download.ts';

afterEach(() => vi.unstubAllGlobals());

/** A service that answers each call with the next of these, and the paths that it was asked. */
function service(...answers: readonly (readonly [status: number, text: string, next?: string])[]) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (path: string) => {
    const [status, text, next] = answers[asked.length] ?? [500, ''];
    asked.push(path);
    return new Response(text, {
      status,
      headers: { 'content-type': 'text/csv', ...(next && { 'x-next-token': next }) },
    });
  });
  return asked;
}
const how = { token: 'tok', signal: new AbortController().signal };

it('a file that comes in parts is read to its end, each part once', async () => {
  const asked = service([200, 'a\n', 'x+/='], [200, 'b\n', 'y'], [200, 'c\n']);

  const file = await fetchFile('/export?format=csv', { ...how, whole: true });

  expect(file).toEqual({ kind: 'file', parts: ['a\n', 'b\n', 'c\n'], type: 'text/csv', cut: false });
  expect(asked).toEqual([
    '/export?format=csv',
    '/export?format=csv&next_token=x%2B%2F%3D',
    '/export?format=csv&next_token=y',
  ]);
});

it('a part that makes sense alone is not taken for the whole', async () => {
  service([200, '<!doctype html>', 'more']);
  expect(await fetchFile('/report', { ...how, whole: false })).toMatchObject({ parts: ['<!doctype html>'], cut: true });
});

it('a part that is refused makes no file of those before', async () => {
  service(
    [200, 'a\n', 'x'],
    [410, JSON.stringify({ code: 'cursor_invalid', detail: 'gone', errors: [], status: 410 })],
  );
  expect(await fetchFile('/export', { ...how, whole: true })).toMatchObject({
    kind: 'problem',
    problem: { code: 'cursor_invalid' },
  });

  service([502, '<html>bad gateway</html>']);
  expect(await fetchFile('/export', { ...how, whole: true })).toMatchObject({
    kind: 'problem',
    problem: { code: 'unexpected_answer', status: 502 },
  });
});
