import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi as Gateway,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Route } from '../../functions/api/route.ts';
import type { Page } from '../../functions/web/pages.ts';
import { acknowledge } from '../acknowledge.ts';
import type { ServiceFunction } from './service-function.ts';

/** What API Gateway needs to know of a route or a page. */
export type RouteDeclaration = Pick<Route | Page, 'method' | 'path' | 'role' | 'runs'>;

export interface HttpApiProps {
  readonly routes: readonly RouteDeclaration[];
  readonly commands: ServiceFunction;
  readonly conflicts: ServiceFunction;
  readonly environments: ServiceFunction;
  readonly schedules: ServiceFunction;
  readonly webhooks: ServiceFunction;
  readonly quarantine: ServiceFunction;
  readonly mappings: ServiceFunction;
  readonly suggest: ServiceFunction;
  readonly pairs: ServiceFunction;
  readonly projects: ServiceFunction;
  readonly fleet: ServiceFunction;
  readonly uninstall: ServiceFunction;
  readonly queries: ServiceFunction;
  readonly openapi: ServiceFunction;
  readonly web: ServiceFunction;
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  readonly logRetention: RetentionDays;
}

/**
 * The front door: one explicit route per declaration, and one for all the rest that only says so. The authorizer checks that a token is genuine;
 * the function checks that its role is enough. No CORS: the web UI is served from the same origin.
 */
export class HttpApi extends Construct {
  readonly id: string;
  readonly url: string;
  /** The same without the slash at its end, and known before there is a stage. */
  readonly endpoint: string;

  constructor(scope: Construct, props: HttpApiProps) {
    super(scope, 'Api');

    const gateway = new Gateway(this, 'Gateway', {
      apiName: Aws.STACK_NAME,
      description: 'TerraFusion Sync',
      createDefaultStage: false,
    });
    this.id = gateway.apiId;
    this.endpoint = gateway.apiEndpoint;
    // One permission a function instead of one a route: 80 resources less, of the 500 that a stack may have.
    const to = (id: string, { lambda }: ServiceFunction) =>
      new HttpLambdaIntegration(id, lambda, {
        payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
        scopePermissionToRoute: false,
      });
    const integrations = {
      commands: to('Commands', props.commands),
      conflicts: to('Conflicts', props.conflicts),
      environments: to('Environments', props.environments),
      schedules: to('Schedules', props.schedules),
      webhooks: to('Webhooks', props.webhooks),
      quarantine: to('Quarantine', props.quarantine),
      mappings: to('Mappings', props.mappings),
      suggest: to('Suggest', props.suggest),
      pairs: to('Pairs', props.pairs),
      projects: to('Projects', props.projects),
      fleet: to('Fleet', props.fleet),
      uninstall: to('Uninstall', props.uninstall),
      queries: to('Queries', props.queries),
      openapi: to('OpenApi', props.openapi),
      web: to('Web', props.web),
    };
    const signedIn = new HttpJwtAuthorizer('Token', props.jwtIssuer, { jwtAudience: [props.jwtAudience] });
    const anybody = new HttpNoneAuthorizer();

    for (const route of props.routes) {
      const [added] = gateway.addRoutes({
        path: route.path,
        methods: [HttpMethod[route.method]],
        integration: integrations[route.runs],
        authorizer: route.role === 'open' ? anybody : signedIn,
      });
      if (added && route.role === 'open') {
        acknowledge(
          added,
          'AwsSolutions-APIG4',
          'Declared open in the registry of routes or pages: liveness, documentation or a page without data.',
        );
      }
    }

    // Paths and methods that are in no route: answered as problem+json, by code that has nothing else to give.
    const [rest] = gateway.addRoutes({ path: '/{proxy+}', integration: integrations.openapi, authorizer: anybody });
    if (rest) acknowledge(rest, 'AwsSolutions-APIG4', 'Only answers route_not_found and method_not_allowed.');

    const log = new LogGroup(this, 'AccessLog', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const stage = new HttpStage(this, 'Stage', {
      httpApi: gateway,
      stageName: '$default',
      autoDeploy: true,
      // Of the gateway, over all callers. A poll of the status costs one; jobs are bounded by the leases on their tables.
      throttle: { rateLimit: props.requestsPerSecond, burstLimit: props.requestBurst },
      detailedMetricsEnabled: true,
      accessLogSettings: { destination: new LogGroupLogDestination(log), format: ACCESS_LOG },
    });
    this.url = stage.url;
  }
}

/** No query string, no body, no claims but the caller's id. */
const ACCESS_LOG = AccessLogFormat.custom(
  JSON.stringify({
    request_id: '$context.requestId',
    time: '$context.requestTime',
    route: '$context.routeKey',
    path: '$context.path',
    status: '$context.status',
    latency_ms: '$context.responseLatency',
    response_bytes: '$context.responseLength',
    source_ip: '$context.identity.sourceIp',
    subject: '$context.authorizer.claims.sub',
    authorizer_error: '$context.authorizer.error',
    integration_error: '$context.integrationErrorMessage',
  }),
);
