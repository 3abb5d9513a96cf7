import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

/** What a delivery says, or why it is not believed: the signature, and a clock within five minutes. */
export function read(secret: string, headers: Record<string, unknown>, body: string, nowMs = Date.now()) {
  const [id, at, signatures] = ['id', 'timestamp', 'signature'].map((n) => String(headers[`webhook-${n}`] ?? ''));
  if (!(Math.abs(nowMs / 1000 - Number(at)) <= 300)) throw new Error('too old, or too new');
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest();
  const given = String(signatures)
    .split(' ')
    .filter((s) => s.startsWith('v1,'))
    .map((s) => Buffer.from(s.slice(3), 'base64'));
  if (!given.some((s) => s.length === expected.length && timingSafeEqual(s, expected)))
    throw new Error('not signed by us');
  return JSON.parse(body) as { id: string; type: string };
}

/** Answers 204 as soon as it is believed, 400 where it is not; what was had before is answered and dropped. */
export function receiver(secret: string, take: (notification: { id: string; type: string }) => void) {
  const had = new Set<string>(); // keep it where it outlives you
  return createServer(async (request, response) => {
    try {
      const notification = read(secret, request.headers, Buffer.concat(await request.toArray()).toString());
      if (!had.has(notification.id)) take(notification);
      had.add(notification.id);
      response.writeHead(204).end();
    } catch {
      response.writeHead(400).end();
    }
  });
}

if (import.meta.main) {
  receiver(process.env.WEBHOOK_SECRET ?? '', (n) => console.log(n)).listen(8080, '127.0.0.1');
}
