import { Aws, CfnCondition, CfnRule, Fn } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { SIGN_IN_PATH } from '../../functions/web/pages.ts';
import { COGNITO_GROUPS, type Parameters } from './parameters.ts';
import { UserPool } from './user-pool.ts';

export interface SignInProps {
  readonly parameters: Parameters;
  /** Of the HTTP API, without a slash at its end; may be told later (Lazy). */
  readonly apiEndpoint: string;
}

/**
 * Whose tokens are accepted, and how clients get one: of the provider that the parameters name, else of a user pool of the
 * stack's own. One template holds both; CloudFormation decides.
 */
export class SignIn extends Construct {
  readonly issuer: string;
  readonly audience: string;
  readonly clientId: string;
  readonly rolesClaim: string;
  /** For the function that tells clients; nothing of it is secret. */
  readonly environment: Readonly<Record<string, string>>;
  readonly pool: UserPool;
  /** True where the pool is made. */
  readonly ownPool: CfnCondition;

  constructor(scope: Construct, { parameters, apiEndpoint }: SignInProps) {
    super(scope, 'SignIn');
    const given = (value: string) => Fn.conditionNot(Fn.conditionEquals(value, ''));
    const absent = (value: string) => Fn.conditionEquals(value, '');
    this.ownPool = this.condition('HasOwnUserPool', absent(parameters.jwtIssuer));
    const hasPublicUrl = this.condition('HasPublicUrl', given(parameters.publicUrl));
    this.checkParameters(parameters, given, absent);

    const back = (origin: string) => `${origin}${SIGN_IN_PATH}`;
    const alsoBack = Fn.conditionIf(hasPublicUrl.logicalId, back(parameters.publicUrl), Aws.NO_VALUE).toString();
    this.pool = new UserPool(this, { callbackUrls: [back(apiEndpoint), alsoBack] });
    for (const { cfnOptions } of this.pool.resources) cfnOptions.condition = this.ownPool;
    const invites = this.condition(
      'InvitesFirstAdmin',
      Fn.conditionAnd(absent(parameters.jwtIssuer), given(parameters.firstAdminEmail)),
    );
    for (const { cfnOptions } of this.pool.invite(parameters.firstAdminEmail, 'admin')) cfnOptions.condition = invites;

    const either = (ofParameter: string, ofPool: string) =>
      Fn.conditionIf(this.ownPool.logicalId, ofPool, ofParameter).toString();
    this.issuer = either(parameters.jwtIssuer, this.pool.issuer);
    this.audience = either(parameters.jwtAudience, this.pool.clientId);
    this.clientId = either(parameters.signInClientId, this.pool.clientId);
    this.rolesClaim = either(parameters.rolesClaim, COGNITO_GROUPS);
    this.environment = {
      ROLES_CLAIM: this.rolesClaim,
      SIGN_IN_ISSUER: this.issuer,
      SIGN_IN_CLIENT_ID: this.clientId,
      SIGN_IN_SCOPES: either(parameters.signInScopes, 'openid'),
      SIGN_IN_ORIGINS: either(parameters.signInOrigins, this.pool.domainUrl),
    };
  }

  /** How the first administrator of the own pool is made; everybody after is made by them, in the same way. */
  get firstAdmin(): string {
    const pool = `--region ${Aws.REGION} --user-pool-id ${this.pool.id} --username NAME`;
    return [
      `aws cognito-idp admin-create-user ${pool} --user-attributes Name=email,Value=EMAIL Name=email_verified,Value=true`,
      `aws cognito-idp admin-add-user-to-group ${pool} --group-name admin`,
    ].join(' && ');
  }

  private condition(name: string, expression: CfnCondition['expression']): CfnCondition {
    const condition = new CfnCondition(this, name, { ...(expression && { expression }) });
    condition.overrideLogicalId(name);
    return condition;
  }

  /** What CloudFormation refuses before it makes anything. */
  private checkParameters(
    { jwtIssuer, jwtAudience, signInClientId, firstAdminEmail }: Parameters,
    given: (value: string) => ReturnType<typeof Fn.conditionNot>,
    absent: (value: string) => ReturnType<typeof Fn.conditionEquals>,
  ): void {
    const rule = (name: string, props: ConstructorParameters<typeof CfnRule>[2]) =>
      new CfnRule(this, name, props).overrideLogicalId(name);
    rule('IssuerHasAudience', {
      ruleCondition: given(jwtIssuer),
      assertions: [
        {
          assert: given(jwtAudience),
          assertDescription: 'JwtIssuer needs JwtAudience: without it, tokens for any other service would do.',
        },
        {
          assert: absent(firstAdminEmail),
          assertDescription: "FirstAdminEmail makes a user of the stack's own pool; with JwtIssuer there is none.",
        },
      ],
    });
    rule('PoolIsAlone', {
      ruleCondition: absent(jwtIssuer),
      assertions: [
        { assert: absent(jwtAudience), assertDescription: 'JwtAudience belongs to JwtIssuer, which is empty.' },
        { assert: absent(signInClientId), assertDescription: 'SignInClientId belongs to JwtIssuer, which is empty.' },
      ],
    });
  }
}
