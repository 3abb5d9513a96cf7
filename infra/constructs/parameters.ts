import { Aws, CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { LEAST_BUDGET } from '../../lib/model/connection-budget.ts';
import { TLS_POLICIES } from '../../lib/model/tls.ts';

/** The claim in which Amazon Cognito lists the groups of a user. */
export const COGNITO_GROUPS = 'cognito:groups';

const WEB_URL = `https?://[^\\s"'<>;,]+`;
const WEB_ORIGIN = 'https?://[A-Za-z0-9.-]+(:[0-9]+)?';
const ARN = 'arn:[a-z-]+:bedrock:[a-z0-9-]*:[0-9]*:[a-z-]+/[a-zA-Z0-9.:_-]+';
const DATABASE_USER = 'arn:[a-z-]+:rds-db:[a-z0-9-]+:[0-9]{12}:dbuser:[a-zA-Z0-9-]+/[a-zA-Z0-9_.@-]+';

/** What differs between deployments. One template serves every stage and the local run; nothing is decided at synth time. */
export class Parameters extends Construct {
  /** Empty: the stack makes a user pool of its own. */
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  readonly rolesClaim: string;
  /** Of the web pages and tfsync; empty: they take a token that was got elsewhere. */
  readonly signInClientId: string;
  readonly signInScopes: string;
  readonly signInOrigins: string;
  readonly publicUrl: string;
  readonly tlsPolicy: string;
  readonly allowedDatabaseHosts: string;
  readonly allowedWebhookHosts: string;
  /** As text, for environments. */
  readonly lagNoticeBytes: string;
  readonly lagNoticeSeconds: string;
  /** As text, for environments. */
  readonly databaseConnectionBudget: string;
  readonly maxWorkers: number;
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  readonly logRetention: RetentionDays;
  /** Empty: alarms are told to nobody. */
  readonly alarmAddress: string;
  readonly hasAlarmAddress: CfnCondition;
  /** Days by audit level, as text: minimal,standard,detailed. */
  readonly auditRetentionDays: string;

  /** Comma-separated; empty: no model. */
  readonly suggestionModelArns: string;
  readonly hasSuggestionModel: CfnCondition;
  /** Comma-separated; empty: nobody signs in by IAM. */
  readonly databaseUserArns: string;
  readonly hasDatabaseUsers: CfnCondition;

  /** Empty: nobody is invited. */
  readonly firstAdminEmail: string;
  readonly functionArchitecture: string;
  /** Where functions reach AWS, for an environment; no value: AWS's own addresses. */
  readonly awsEndpointUrl: string;

  constructor(scope: Construct) {
    super(scope, 'Parameters');

    this.jwtIssuer = this.parameter('JwtIssuer', {
      description:
        'URL of the OpenID Connect provider whose tokens this API accepts; its keys are found by discovery. Empty: an Amazon Cognito user pool is made for this stack.',
      allowedPattern: `^(${WEB_URL})?$`,
      constraintDescription: 'must be a URL, written exactly as in the iss claim, or empty',
      default: '',
    }).valueAsString;

    this.jwtAudience = this.parameter('JwtAudience', {
      description:
        'Audience (aud, or client_id where there is no aud) that a token of JwtIssuer must be issued for. With JwtIssuer only.',
      default: '',
    }).valueAsString;

    this.rolesClaim = this.parameter('RolesClaim', {
      description: 'Claim of tokens of JwtIssuer that lists the roles: viewer, operator, resolver, admin.',
      allowedPattern: '^[A-Za-z0-9_:./-]{1,100}$',
      constraintDescription: 'must be the name of a claim',
      default: COGNITO_GROUPS,
    }).valueAsString;

    this.signInClientId = this.parameter('SignInClientId', {
      description:
        'Public client (authorization code with PKCE, no secret) of JwtIssuer that the web pages and tfsync sign in with. Empty: a token is pasted. With JwtIssuer only.',
      allowedPattern: '^[!-~]{0,200}$',
      default: '',
    }).valueAsString;

    this.signInScopes = this.parameter('SignInScopes', {
      description: 'Scopes that they ask for, separated by spaces; with openid among them.',
      allowedPattern: '^([!-~]+ )*openid( [!-~]+)*$',
      constraintDescription: 'must be scopes separated by spaces, with openid among them',
      default: 'openid',
    }).valueAsString;

    this.signInOrigins = this.parameter('SignInOrigins', {
      description:
        'Origins (https://host) that the pages may call to sign in beside that of JwtIssuer, separated by commas: where its token endpoint lies elsewhere.',
      allowedPattern: `^(${WEB_ORIGIN}(,${WEB_ORIGIN})*)?$`,
      constraintDescription: 'must be origins separated by commas, without paths, or empty',
      default: '',
    }).valueAsString;

    this.publicUrl = this.parameter('PublicUrl', {
      description:
        "Origin (https://host) under which people open the pages, where it is not the API's own: a domain of yours. The user pool leads back to it too.",
      allowedPattern: `^(${WEB_ORIGIN})?$`,
      constraintDescription: 'must be https://host without a path, or empty',
      default: '',
    }).valueAsString;

    this.tlsPolicy = this.parameter('TlsPolicy', {
      description:
        'verify_full: databases are reached over verified TLS only. as_asked: as the connection string says.',
      allowedValues: [...TLS_POLICIES],
      default: 'verify_full',
    }).valueAsString;

    this.allowedDatabaseHosts = this.parameter('AllowedDatabaseHosts', {
      description:
        'Database servers that the service may connect to, separated by commas: names (db.example.org, *.example.org), addresses and networks (10.0.0.0/8), or * for all. Link-local, metadata, multicast and reserved addresses are always refused; loopback too, unless this-machine is in the list.',
      minLength: 1,
      maxLength: 1000, // it is in the environment of each function, whose variables have 4 KB together
    }).valueAsString;

    this.allowedWebhookHosts = this.parameter('AllowedWebhookHosts', {
      description:
        'Hosts that webhooks may lead to, as AllowedDatabaseHosts; * for all of the public internet. Private addresses are refused unless they, or the name, are in the list; link-local, metadata, multicast and reserved ones always.',
      default: '*',
      minLength: 1,
      maxLength: 1000,
    }).valueAsString;

    this.lagNoticeBytes = this.parameter('LagNoticeBytes', {
      type: 'Number',
      description:
        "A job that leaves more bytes of the source's log than this says so (changes.lag). 0: it never does.",
      minValue: 0,
      default: 1_073_741_824,
    }).valueAsString;

    this.lagNoticeSeconds = this.parameter('LagNoticeSeconds', {
      type: 'Number',
      description:
        "A job that leaves a part of the source's log older than this says so (changes.lag). 0: it never does.",
      minValue: 0,
      default: 900,
    }).valueAsString;

    this.databaseConnectionBudget = this.parameter('DatabaseConnectionBudget', {
      type: 'Number',
      description:
        'How many connections the service has at most to one database server, over all jobs. Two are kept for commands and two for steps of workflows; a segment takes one on each side.',
      minValue: LEAST_BUDGET,
      maxValue: 1000,
      default: 20,
    }).valueAsString;

    this.maxWorkers = this.parameter('MaxWorkers', {
      type: 'Number',
      description:
        'How many segments may be worked on at once, over all jobs and servers. More than DatabaseConnectionBudget, so that jobs on one server leave workers for jobs on another.',
      minValue: 2,
      maxValue: 1000,
      default: 30,
    }).valueAsNumber;

    this.requestsPerSecond = this.parameter('RequestsPerSecond', {
      type: 'Number',
      description:
        'How many calls a second the API takes in the long run, over all callers; more are answered with 429.',
      minValue: 1,
      maxValue: 10_000, // of an account, unless AWS raises it
      default: 50,
    }).valueAsNumber;

    this.requestBurst = this.parameter('RequestBurst', {
      type: 'Number',
      description: 'How many calls the API takes at once, over all callers.',
      minValue: 1,
      maxValue: 5000,
      default: 100,
    }).valueAsNumber;

    this.suggestionModelArns = this.parameter('SuggestionModelArns', {
      description:
        'ARN of the Amazon Bedrock model that proposes mappings beside the rules; of an inference profile, followed by those of the models that it leads to, separated by commas. Empty: no model is asked.',
      allowedPattern: `^(${ARN}(,${ARN})*)?$`,
      constraintDescription: 'must be ARNs of Amazon Bedrock, separated by commas, or empty',
      default: '',
    }).valueAsString;
    this.hasSuggestionModel = new CfnCondition(this, 'HasSuggestionModel', {
      expression: Fn.conditionNot(Fn.conditionEquals(this.suggestionModelArns, '')),
    });
    this.hasSuggestionModel.overrideLogicalId('HasSuggestionModel');

    this.databaseUserArns = this.parameter('DatabaseUserArns', {
      description:
        'Database users of Amazon RDS or Aurora that connections with auth=iam may sign in as, as arn:aws:rds-db:region:account:dbuser:resource-id/user, separated by commas. Empty: nobody signs in by IAM.',
      allowedPattern: `^(${DATABASE_USER}(,${DATABASE_USER})*)?$`,
      constraintDescription: 'must be ARNs of database users (rds-db), separated by commas, or empty',
      default: '',
    }).valueAsString;
    this.hasDatabaseUsers = new CfnCondition(this, 'HasDatabaseUsers', {
      expression: Fn.conditionNot(Fn.conditionEquals(this.databaseUserArns, '')),
    });
    this.hasDatabaseUsers.overrideLogicalId('HasDatabaseUsers');

    this.logRetention = this.parameter('LogRetentionDays', {
      type: 'Number',
      description: 'How long logs are kept. The audit trail is not a log: see AuditRetentionDays*.',
      allowedValues: ['1', '3', '5', '7', '14', '30', '60', '90', '120', '150', '180', '365', '400', '731', '1827'],
      default: 90,
    }).valueAsNumber;

    this.alarmAddress = this.parameter('AlarmAddress', {
      description:
        'E-mail address that alarms are sent to, once it has confirmed the subscription. Empty: they are seen in CloudWatch only. Others can subscribe to the topic.',
      allowedPattern: '^([^@ ]+@[^@ ]+)?$',
      constraintDescription: 'must be an e-mail address, or empty',
      default: '',
    }).valueAsString;
    this.hasAlarmAddress = new CfnCondition(this, 'HasAlarmAddress', {
      expression: Fn.conditionNot(Fn.conditionEquals(this.alarmAddress, '')),
    });
    this.hasAlarmAddress.overrideLogicalId('HasAlarmAddress');

    this.firstAdminEmail = this.parameter('FirstAdminEmail', {
      description:
        "Address of the first administrator of the stack's own user pool, who is invited by e-mail. Empty: nobody is; the output FirstAdmin has the command. Not with JwtIssuer.",
      allowedPattern: '^([^@\\s]{1,64}@[^@\\s]{1,190})?$',
      constraintDescription: 'must be an e-mail address, or empty',
      default: '',
    }).valueAsString;

    this.functionArchitecture = this.parameter('FunctionArchitecture', {
      description: 'Processor of the functions. Their code runs on either; arm64 costs less.',
      allowedValues: ['arm64', 'x86_64'],
      default: 'arm64',
    }).valueAsString;

    const endpoint = this.parameter('AwsEndpointUrl', {
      description:
        'Where functions reach AWS, on an implementation of AWS that does not tell them by itself (AWS_ENDPOINT_URL). Empty on AWS.',
      allowedPattern: `^(${WEB_URL})?$`,
      constraintDescription: 'must be a URL, or empty',
      default: '',
    }).valueAsString;
    const hasEndpoint = new CfnCondition(this, 'HasAwsEndpointUrl', {
      expression: Fn.conditionNot(Fn.conditionEquals(endpoint, '')),
    });
    hasEndpoint.overrideLogicalId('HasAwsEndpointUrl');
    this.awsEndpointUrl = Fn.conditionIf(hasEndpoint.logicalId, endpoint, Aws.NO_VALUE).toString();

    this.auditRetentionDays = [
      this.auditDays('Minimal', 2557), // seven years
      this.auditDays('Standard', 1096), // three years
      this.auditDays('Detailed', 396), // a year and a month
    ].join(',');
  }

  /** A parameter each: who keeps little detail for long need not keep much detail as long. */
  private auditDays(level: 'Minimal' | 'Standard' | 'Detailed', days: number): string {
    return this.parameter(`AuditRetentionDays${level}`, {
      type: 'Number',
      description: `How many days after its end a job of audit level ${level.toLowerCase()} is kept, with its audit trail. 0: for good.`,
      minValue: 0,
      maxValue: 36_500,
      default: days,
    }).valueAsString;
  }

  private parameter(name: string, props: ConstructorParameters<typeof CfnParameter>[2]): CfnParameter {
    const parameter = new CfnParameter(this, name, props);
    parameter.overrideLogicalId(name);
    return parameter;
  }
}
