import * as z from 'zod';
import type { Stack } from '../template/stack.ts';

export interface JwtSettings {
  readonly issuer: string;
  readonly audiences: readonly string[];
}

/** One route of the HTTP API, as the template declares it. */
export interface GatewayRoute {
  /** `POST /api/sync/full`, `ANY /x/{proxy+}` or `$default`. */
  readonly routeKey: string;
  readonly functionName: string;
  readonly timeoutMs: number;
  /** Absent for an open route. */
  readonly jwt?: JwtSettings;
  readonly scopes: readonly string[];
}

export interface RouteMatch {
  readonly route: GatewayRoute;
  readonly pathParameters: Readonly<Record<string, string>>;
}

const routeSchema = z.looseObject({
  RouteKey: z.string(),
  Target: z.string(),
  AuthorizationType: z.string().default('NONE'),
  AuthorizerId: z.string().optional(),
  AuthorizationScopes: z.array(z.string()).default([]),
});
const integrationSchema = z.looseObject({
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
  TimeoutInMillis: z.coerce.number().default(30_000),
});
const authorizerSchema = z.looseObject({
  AuthorizerType: z.literal('JWT'),
  IdentitySource: z.tuple([z.literal('$request.header.Authorization')]),
  JwtConfiguration: z.object({ Issuer: z.string(), Audience: z.array(z.string()) }),
});

/** Reads routes, integrations and authorizers of the stack's one HTTP API. Throws on kinds that are not served here. */
export function readRoutes(stack: Stack): readonly GatewayRoute[] {
  const integrations = new Map(
    stack.ofType('AWS::ApiGatewayV2::Integration').map((r) => [r.identity.ref, integrationSchema.parse(r.properties)]),
  );
  const authorizers = new Map(
    stack.ofType('AWS::ApiGatewayV2::Authorizer').map((r) => [r.identity.ref, authorizerSchema.parse(r.properties)]),
  );
  return stack.ofType('AWS::ApiGatewayV2::Route').map(({ logicalId, properties }) => {
    const route = routeSchema.parse(properties);
    const integration = integrations.get(route.Target.replace('integrations/', ''));
    if (!integration) throw new Error(`${logicalId}: no integration ${route.Target}`);
    const base = {
      routeKey: route.RouteKey,
      functionName: functionOf(integration.IntegrationUri),
      timeoutMs: integration.TimeoutInMillis,
      scopes: route.AuthorizationScopes,
    };
    if (route.AuthorizationType === 'NONE') return base;
    const authorizer = authorizers.get(route.AuthorizerId ?? '');
    if (route.AuthorizationType !== 'JWT' || !authorizer)
      throw new Error(`${logicalId}: only JWT authorizers are served`);
    const { Issuer: issuer, Audience: audiences } = authorizer.JwtConfiguration;
    return { ...base, jwt: { issuer, audiences } };
  });
}

/** A function's ARN, bare or inside `arn:aws:apigateway:...:lambda:path/2015-03-31/functions/<arn>/invocations`. */
function functionOf(uri: string): string {
  const found = /:function:([^:/]+)/.exec(uri);
  if (!found?.[1]) throw new Error(`Integration ${uri} is not a function`);
  return found[1];
}

/** The most specific route for a request, by API Gateway's order: literal parts, parameters, greedy ones, `$default`. */
export function matchRoute(routes: readonly GatewayRoute[], method: string, path: string): RouteMatch | undefined {
  const matches = routes.flatMap((route) => {
    const found = match(route, method, path);
    return found ? [found] : [];
  });
  return matches.sort((a, b) => b.rank.localeCompare(a.rank))[0];
}

function match(route: GatewayRoute, method: string, path: string): (RouteMatch & { rank: string }) | undefined {
  if (route.routeKey === '$default') return { route, pathParameters: {}, rank: '' };
  const [routeMethod = '', template = ''] = route.routeKey.split(' ');
  if (routeMethod !== 'ANY' && routeMethod !== method) return undefined;
  const wanted = template.split('/').slice(1);
  const given = path.split('/').slice(1);
  const pathParameters: Record<string, string> = {};
  let rank = '';
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(.+?)(\+?)\}$/.exec(part);
    const value = given[index];
    if (name?.[1] && name[2]) {
      if (value === undefined) return undefined;
      pathParameters[name[1]] = given.slice(index).join('/');
      return { route, pathParameters, rank: `${rank}1` };
    }
    if (value === undefined || (!name && value !== part)) return undefined;
    if (name?.[1]) {
      if (value === '') return undefined;
      pathParameters[name[1]] = value;
    }
    rank += name ? '2' : '3';
  }
  if (given.length !== wanted.length) return undefined;
  return { route, pathParameters, rank: `${rank}${routeMethod === 'ANY' ? '1' : '9'}` };
}
