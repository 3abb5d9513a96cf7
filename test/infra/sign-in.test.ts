import { describe, expect, it } from 'vitest';
import { CLI_CALLBACK } from '../../lib/model/sign-in.ts';
import type { Json } from '../../local/json.ts';
import { parseTemplate } from '../../local/template/assembly.ts';
import { createResolver } from '../../local/template/resolve.ts';
import { ofType, synthesize } from './synthesized.ts';

// One template holds both: a user pool of the stack's own, and a provider that somebody else runs. CloudFormation decides by
// the parameters, and so does this test, by evaluating the template as the local run does.

const { template } = synthesize();
const cognito = Object.entries(template.Resources).filter(([, r]) => r.Type.startsWith('AWS::Cognito::'));
const [pool] = ofType(template, 'AWS::Cognito::UserPool');
const [client] = ofType(template, 'AWS::Cognito::UserPoolClient');
if (!pool || !client) throw new Error('The template has no user pool');

function stackWith(parameters: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const resolver = createResolver({
    template: parseTemplate(template),
    stackName: 'S',
    parameters: { AllowedDatabaseHosts: '*', ...parameters },
    identify: (id) => {
      asked.push(id);
      return { ref: `<${id}>`, attributes: { Arn: `<${id}.Arn>`, ApiEndpoint: 'https://api.example' } };
    },
  });
  const [authorizer] = ofType(template, 'AWS::ApiGatewayV2::Authorizer');
  const web = ofType(template, 'AWS::Lambda::Function').find(
    ([, f]) => f.Properties.Environment.Variables.FUNCTION_NAME === 'web',
  );
  const variables = (id = '') => (resolver.properties(id).Environment as { Variables: Record<string, Json> }).Variables;
  const commands = ofType(template, 'AWS::Lambda::Function').find(
    ([, f]) => f.Properties.Environment.Variables.FUNCTION_NAME === 'commands',
  );
  return {
    resolver,
    asked,
    jwt: resolver.properties(authorizer?.[0] ?? '').JwtConfiguration,
    web: variables(web?.[0]),
    rolesClaim: variables(commands?.[0]).ROLES_CLAIM,
    outputs: Object.keys(template.Outputs).filter((name) => {
      const { Condition } = template.Outputs[name] ?? {};
      return Condition === undefined || resolver.value({ Condition }) === true;
    }),
  };
}

const OUTSIDE = {
  JwtIssuer: 'https://id.county.example/realms/county',
  JwtAudience: 'terrafusion',
  RolesClaim: 'roles',
  SignInClientId: 'pages',
  SignInScopes: 'openid offline_access',
  SignInOrigins: 'https://token.county.example',
};

describe('without an issuer', () => {
  const stack = stackWith({});

  it('a user pool is made, and its tokens are those that count', () => {
    const issuer = `https://cognito-idp.us-east-1.amazonaws.com/<${pool[0]}>`;

    const absent = cognito.filter(([id]) => !stack.resolver.exists(id)).map(([, r]) => r.Type);
    expect(absent).toEqual(['AWS::Cognito::UserPoolUser', 'AWS::Cognito::UserPoolUserToGroupAttachment']);
    expect(stack.jwt).toEqual({ Issuer: issuer, Audience: [`<${client[0]}>`] });
    expect(stack.rolesClaim).toBe('cognito:groups');
    expect(stack.web).toMatchObject({
      ROLES_CLAIM: 'cognito:groups',
      SIGN_IN_ISSUER: issuer,
      SIGN_IN_CLIENT_ID: `<${client[0]}>`,
      SIGN_IN_SCOPES: 'openid',
      SIGN_IN_ORIGINS: expect.stringMatching(/^https:\/\/<SignInUsersDomain\w+>\.auth\.us-east-1\.amazoncognito\.com$/),
    });
  });

  it('a claim that was named for another provider does not count', () => {
    expect(stackWith({ RolesClaim: 'custom:role' }).rolesClaim).toBe('cognito:groups');
  });

  it('the outputs say where to sign in and how the first administrator is made', () => {
    expect(stack.outputs).toEqual(
      expect.arrayContaining(['Issuer', 'SignInClient', 'SignInUrl', 'UserPoolId', 'FirstAdmin']),
    );
    expect(stack.resolver.value((template.Outputs.FirstAdmin?.Value ?? null) as Json)).toBe(
      `aws cognito-idp admin-create-user --region us-east-1 --user-pool-id <${pool[0]}> --username NAME ` +
        '--user-attributes Name=email,Value=EMAIL Name=email_verified,Value=true && ' +
        `aws cognito-idp admin-add-user-to-group --region us-east-1 --user-pool-id <${pool[0]}> --username NAME --group-name admin`,
    );
  });

  it('the first administrator is invited where the parameter names an address, and outlives the stack as the pool does', () => {
    const { resolver } = stackWith({ FirstAdminEmail: 'chief@county.example' });
    const [user, membership] = cognito.filter(([, r]) => r.Type.startsWith('AWS::Cognito::UserPoolUser'));
    const properties = [user, membership].map((found) => resolver.properties(found?.[0] ?? ''));

    expect(cognito.filter(([id]) => !resolver.exists(id))).toEqual([]);
    expect(properties).toEqual([
      {
        UserPoolId: `<${pool[0]}>`,
        Username: 'chief@county.example',
        DesiredDeliveryMediums: ['EMAIL'],
        UserAttributes: [
          { Name: 'email', Value: 'chief@county.example' },
          { Name: 'email_verified', Value: 'true' },
        ],
      },
      { UserPoolId: `<${pool[0]}>`, Username: `<${user?.[0]}>`, GroupName: 'admin' },
    ]);
    expect([user, membership].map((found) => found?.[1].DeletionPolicy)).toEqual(['Retain', 'Retain']);
  });

  it('sign-in leads back to the pages, under a domain of their own too', () => {
    const page = '/sync/terra_fusion/sign-in';
    const urls = (parameters: Readonly<Record<string, string>>) => {
      const { CallbackURLs, LogoutURLs } = stackWith(parameters).resolver.properties(client[0]);
      return { in: CallbackURLs, out: LogoutURLs };
    };
    const own = `https://api.example${page}`;
    const public_ = `https://sync.county.example${page}`;

    expect(urls({})).toEqual({ in: [own, CLI_CALLBACK], out: [own] });
    expect(urls({ PublicUrl: 'https://sync.county.example' })).toEqual({
      in: [own, public_, CLI_CALLBACK],
      out: [own, public_],
    });
  });
});

describe('with an issuer', () => {
  const stack = stackWith(OUTSIDE);

  it('no pool is made, and none is asked after', () => {
    expect(cognito.length).toBeGreaterThan(7);
    expect(cognito.filter(([id]) => stack.resolver.exists(id))).toEqual([]);
    expect(stack.asked.filter((id) => cognito.some(([known]) => known === id))).toEqual([]);
    expect(stack.outputs.filter((name) => /Issuer|SignIn|UserPool|FirstAdmin/.test(name))).toEqual([]);
  });

  it('its tokens are those that count, and clients are told what the parameters say', () => {
    expect(stack.jwt).toEqual({ Issuer: OUTSIDE.JwtIssuer, Audience: ['terrafusion'] });
    expect(stack.rolesClaim).toBe('roles');
    expect(stack.web).toMatchObject({
      SIGN_IN_ISSUER: OUTSIDE.JwtIssuer,
      SIGN_IN_CLIENT_ID: 'pages',
      SIGN_IN_SCOPES: 'openid offline_access',
      SIGN_IN_ORIGINS: 'https://token.county.example',
    });
  });
});

describe('parameters', () => {
  interface Rule {
    readonly RuleCondition: Json;
    readonly Assertions: readonly { readonly Assert: Json; readonly AssertDescription: string }[];
  }
  const rule = (name: string) => {
    const { RuleCondition, Assertions } = (template.Rules as Readonly<Record<string, Rule>>)[name] as Rule; // or it throws
    return (parameters: Readonly<Record<string, string>>) => {
      const { resolver } = stackWith(parameters);
      const counts = resolver.value(RuleCondition) === true;
      return counts ? Assertions.filter((a) => resolver.value(a.Assert) !== true).map((a) => a.AssertDescription) : [];
    };
  };

  it('of an issuer without an audience are refused: tokens for other services would do', () => {
    expect(rule('IssuerHasAudience')({ ...OUTSIDE, JwtAudience: '' })).toHaveLength(1);
    expect(rule('IssuerHasAudience')({ ...OUTSIDE, FirstAdminEmail: 'chief@county.example' })).toHaveLength(1);
    expect(rule('IssuerHasAudience')(OUTSIDE)).toEqual([]);
    expect(rule('IssuerHasAudience')({})).toEqual([]);
  });

  it('that belong to an issuer are refused without one', () => {
    expect(rule('PoolIsAlone')({ JwtAudience: 'a', SignInClientId: 'c' })).toHaveLength(2);
    expect(rule('PoolIsAlone')({})).toEqual([]);
    expect(rule('PoolIsAlone')(OUTSIDE)).toEqual([]);
  });

  it.each([
    ['JwtIssuer', ['', 'https://id.example/a/b'], ['ftp://x', 'https://', "https://x' y", 'https://x;script-src']],
    [
      'SignInOrigins',
      ['', 'https://a.example', 'https://a.example:8443,https://b.example'],
      ['https://a/b', '*', 'a;b'],
    ],
    ['PublicUrl', ['', 'https://sync.example'], ['https://sync.example/', 'sync.example']],
    ['SignInScopes', ['openid', 'openid email', 'api://x/use openid'], ['', 'email', 'openidx', 'openid  email']],
    ['RolesClaim', ['cognito:groups', 'https://x/roles'], ['', 'a b']],
  ])('%s takes what it can use', (name, good, bad) => {
    const pattern = new RegExp(template.Parameters[name]?.AllowedPattern ?? '');

    expect(good.filter((value) => !pattern.test(value))).toEqual([]);
    expect(bad.filter((value) => pattern.test(value))).toEqual([]);
  });
});

describe('the pool', () => {
  it('asks for long passwords and a second factor, lets nobody sign up, and outlives the stack', () => {
    expect(pool[1].Properties).toMatchObject({
      UserPoolTier: 'PLUS',
      UserPoolAddOns: { AdvancedSecurityMode: 'ENFORCED' },
      MfaConfiguration: 'ON',
      EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
      DeletionProtection: 'ACTIVE',
    });
    expect(pool[1].Properties.Policies.PasswordPolicy.MinimumLength).toBeGreaterThanOrEqual(12);
    expect(pool[1].DeletionPolicy).toBe('Retain');
  });

  it('has a group for each role, the highest first', () => {
    const groups = ofType(template, 'AWS::Cognito::UserPoolGroup').map(([, g]) => g.Properties);

    expect(groups.toSorted((a, b) => a.Precedence - b.Precedence).map((g) => g.GroupName)).toEqual([
      'admin',
      'resolver',
      'operator',
      'viewer',
    ]);
  });

  it('has one client, public, that gets a code and can do nothing with a password', () => {
    expect(ofType(template, 'AWS::Cognito::UserPoolClient')).toHaveLength(1);
    expect(client[1].Properties).toMatchObject({
      GenerateSecret: false,
      AllowedOAuthFlows: ['code'],
      AllowedOAuthScopes: ['openid'],
      ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH'],
      RefreshTokenRotation: { Feature: 'ENABLED' },
      PreventUserExistenceErrors: 'ENABLED',
      AccessTokenValidity: 60,
    });
  });
});
