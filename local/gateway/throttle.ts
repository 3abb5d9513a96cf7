import * as z from 'zod';
import type { Stack } from '../template/stack.ts';

/** How many calls a stage takes, over all callers and routes. */
export interface Throttle {
  readonly ratePerSecond: number;
  /** At once, after a time without calls. */
  readonly burst: number;
}

const stageSchema = z.looseObject({
  DefaultRouteSettings: z.looseObject({
    ThrottlingRateLimit: z.coerce.number().positive(),
    ThrottlingBurstLimit: z.coerce.number().int().positive(),
  }),
  RouteSettings: z.undefined().optional(), // limits of single routes are not kept here
});

/** Reads what the one stage of the template's HTTP API takes. Throws where it says more than is kept to here. */
export function readThrottle(stack: Stack): Throttle {
  const [stage, ...others] = stack.ofType('AWS::ApiGatewayV2::Stage');
  if (!stage || others.length > 0) throw new Error('one stage of the HTTP API is served');
  const { ThrottlingRateLimit: ratePerSecond, ThrottlingBurstLimit: burst } = stageSchema.parse(
    stage.properties,
  ).DefaultRouteSettings;
  return { ratePerSecond, burst };
}

/** A token bucket, full at first. Says whether a call is taken at this time, in milliseconds that only grow. */
export function tokenBucket({ ratePerSecond, burst }: Throttle): (nowMs: number) => boolean {
  let tokens = burst;
  let filledAtMs: number | undefined;
  return (nowMs) => {
    tokens = Math.min(burst, tokens + ((nowMs - (filledAtMs ?? nowMs)) * ratePerSecond) / 1000);
    filledAtMs = nowMs;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
