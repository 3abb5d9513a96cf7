import { afterEach, describe, expect, it } from 'vitest';
import { startGateway } from '../../../local/gateway/server.ts';
import { readThrottle, tokenBucket } from '../../../local/gateway/throttle.ts';
import type { Stack } from '../../../local/template/stack.ts';

describe('a token bucket', () => {
  const taken = (takes: (nowMs: number) => boolean, nowMs: number, calls: number) =>
    Array.from({ length: calls }, () => takes(nowMs)).filter(Boolean).length;

  it('takes its burst at once, then its rate, and never more than its burst however long nobody called', () => {
    const takes = tokenBucket({ ratePerSecond: 50, burst: 100 });

    expect(taken(takes, 5_000, 300)).toBe(100);
    expect(taken(takes, 5_000, 1)).toBe(0);
    expect(taken(takes, 5_019, 1)).toBe(0); // a token takes 20 ms
    expect(taken(takes, 5_020, 2)).toBe(1);
    expect(taken(takes, 6_020, 300)).toBe(50);
    expect(taken(takes, 3_600_000, 300)).toBe(100);
  });

  it('loses nothing of a fraction: calls all the time get the rate', () => {
    const takes = tokenBucket({ ratePerSecond: 3, burst: 1 });

    const got = Array.from({ length: 10_000 }, (_, ms) => takes(ms)).filter(Boolean).length;

    expect(got).toBeGreaterThanOrEqual(29);
    expect(got).toBeLessThanOrEqual(31);
  });
});

describe('the gateway', () => {
  let stop = async () => {};
  afterEach(() => stop());

  it('answers 429 in its own words when calls come too fast, to whatever route, and takes them again when time has gone by', async () => {
    let nowMs = 0;
    let invoked = 0;
    const route = { functionName: 'f', timeoutMs: 1_000, scopes: [] };
    const gateway = await startGateway({
      port: 0,
      routes: [
        { ...route, routeKey: 'GET /a' },
        { ...route, routeKey: 'POST /b' },
      ],
      invoke: async () => {
        invoked += 1;
        return { statusCode: 200, body: 'x' };
      },
      throttle: { ratePerSecond: 1, burst: 2 },
      now: () => nowMs,
    });
    stop = () => gateway.stop();
    const a = () => fetch(`${gateway.url}/a`);
    const b = () => fetch(`${gateway.url}/b`, { method: 'POST' });

    const [first, second, third, nowhere] = [await a(), await b(), await a(), await fetch(`${gateway.url}/nowhere`)];
    nowMs = 1_000;
    const later = [(await b()).status, (await a()).status];

    expect([first.status, second.status, third.status, nowhere.status]).toEqual([200, 200, 429, 404]);
    expect(third.headers.get('content-type')).toBe('application/json');
    expect(await third.text()).toBe('{"message":"Too Many Requests"}');
    expect(later).toEqual([200, 429]);
    expect(invoked).toBe(3);
  });
});

describe('what the template says', () => {
  const stack = (...stages: object[]) =>
    ({ ofType: () => stages.map((properties) => ({ logicalId: 'S', properties })) }) as unknown as Stack;
  const settings = { ThrottlingRateLimit: '50', ThrottlingBurstLimit: 100 }; // a parameter is text

  it('is what is kept to, and no more than that is said', () => {
    expect(readThrottle(stack({ DefaultRouteSettings: settings }))).toEqual({ ratePerSecond: 50, burst: 100 });

    for (const other of [
      stack(),
      stack({ DefaultRouteSettings: settings }, { DefaultRouteSettings: settings }),
      stack({}),
      stack({ DefaultRouteSettings: { ...settings, ThrottlingRateLimit: 0 } }),
      stack({ DefaultRouteSettings: settings, RouteSettings: { 'GET /a': {} } }),
    ])
      expect(() => readThrottle(other)).toThrow();
  });
});
