import { Aws, CfnDeletionPolicy, type CfnResource, Fn } from 'aws-cdk-lib';
import {
  CfnManagedLoginBranding,
  CfnUserPool,
  CfnUserPoolClient,
  CfnUserPoolDomain,
  CfnUserPoolGroup,
  CfnUserPoolRiskConfigurationAttachment,
  CfnUserPoolUser,
  CfnUserPoolUserToGroupAttachment,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { ROLES, type Role } from '../../lib/model/roles.ts';
import { CLI_CALLBACK } from '../../lib/model/sign-in.ts';

export interface UserPoolProps {
  /** Addresses of the pages that sign-in and sign-out may lead back to. */
  readonly callbackUrls: readonly string[];
}

/** An access token tells roles until it ends, so a role that is taken away is gone after this long. */
const ACCESS_MINUTES = 60;
/** A working day; then the password is asked for again. */
const REFRESH_HOURS = 12;

/**
 * Users, their roles and the pages on which they sign in: Amazon Cognito. Users are made by an administrator, have a
 * password and a one-time code, and outlive the stack.
 */
export class UserPool extends Construct {
  readonly id: string;
  readonly clientId: string;
  readonly issuer: string;
  /** Where authorize, token and logout lie. */
  readonly domainUrl: string;
  readonly resources: readonly CfnResource[];

  constructor(scope: Construct, { callbackUrls }: UserPoolProps) {
    super(scope, 'Users');
    const pool = new CfnUserPool(this, 'Pool', {
      userPoolName: Aws.STACK_NAME,
      userPoolTier: 'PLUS', // refuses passwords that have leaked, and sign-ins that look like a takeover
      userPoolAddOns: { advancedSecurityMode: 'ENFORCED' },
      deletionProtection: 'ACTIVE',
      adminCreateUserConfig: { allowAdminCreateUserOnly: true },
      usernameConfiguration: { caseSensitive: false },
      autoVerifiedAttributes: ['email'],
      userAttributeUpdateSettings: { attributesRequireVerificationBeforeUpdate: ['email'] },
      schema: [{ name: 'email', required: true, mutable: true }],
      accountRecoverySetting: { recoveryMechanisms: [{ name: 'verified_email', priority: 1 }] },
      mfaConfiguration: 'ON',
      enabledMfas: ['SOFTWARE_TOKEN_MFA'],
      policies: {
        passwordPolicy: {
          minimumLength: 14,
          requireLowercase: true,
          requireUppercase: true,
          requireNumbers: true,
          requireSymbols: true,
          temporaryPasswordValidityDays: 3,
        },
      },
    });
    pool.cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN;
    pool.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;

    const groups = ROLES.map(
      (role, rank) =>
        new CfnUserPoolGroup(this, `Group-${role}`, {
          userPoolId: pool.ref,
          groupName: role,
          precedence: ROLES.length - rank, // the lower, the more it may
        }),
    );
    const client = new CfnUserPoolClient(this, 'Client', {
      userPoolId: pool.ref,
      clientName: 'pages',
      generateSecret: false,
      allowedOAuthFlowsUserPoolClient: true,
      allowedOAuthFlows: ['code'],
      allowedOAuthScopes: ['openid'],
      supportedIdentityProviders: ['COGNITO'],
      callbackUrLs: [...callbackUrls, CLI_CALLBACK],
      logoutUrLs: [...callbackUrls],
      explicitAuthFlows: ['ALLOW_USER_SRP_AUTH'], // REFRESH_TOKEN_AUTH and tokens that rotate exclude each other
      enableTokenRevocation: true,
      preventUserExistenceErrors: 'ENABLED',
      refreshTokenRotation: { feature: 'ENABLED', retryGracePeriodSeconds: 10 },
      accessTokenValidity: ACCESS_MINUTES,
      idTokenValidity: ACCESS_MINUTES,
      refreshTokenValidity: REFRESH_HOURS,
      tokenValidityUnits: { accessToken: 'minutes', idToken: 'minutes', refreshToken: 'hours' },
    });
    const domain = new CfnUserPoolDomain(this, 'Domain', {
      userPoolId: pool.ref,
      // names are taken once a region: the id of the stack is nobody else's
      domain: `tfsync-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`,
      managedLoginVersion: 2,
    });
    const style = new CfnManagedLoginBranding(this, 'Style', {
      userPoolId: pool.ref,
      clientId: client.ref,
      useCognitoProvidedValues: true, // without a style, the pages of version 2 do not open
    });
    const risk = new CfnUserPoolRiskConfigurationAttachment(this, 'Risk', {
      userPoolId: pool.ref,
      clientId: 'ALL',
      compromisedCredentialsRiskConfiguration: { actions: { eventAction: 'BLOCK' } },
      accountTakeoverRiskConfiguration: {
        actions: {
          highAction: { eventAction: 'BLOCK', notify: false },
          mediumAction: { eventAction: 'MFA_REQUIRED', notify: false },
          lowAction: { eventAction: 'MFA_REQUIRED', notify: false },
        },
      },
    });

    this.resources = [pool, ...groups, client, domain, style, risk];
    this.id = pool.ref;
    this.clientId = client.ref;
    this.issuer = `https://cognito-idp.${Aws.REGION}.${Aws.URL_SUFFIX}/${pool.ref}`;
    this.domainUrl = `https://${domain.ref}.auth.${Aws.REGION}.amazoncognito.com`;
  }
  /** A user who is sent an invitation with a password for once. Kept with the pool when the stack goes. */
  invite(email: string, role: Role): readonly CfnResource[] {
    const user = new CfnUserPoolUser(this, 'Invited', {
      userPoolId: this.id,
      username: email,
      desiredDeliveryMediums: ['EMAIL'],
      userAttributes: [
        { name: 'email', value: email },
        { name: 'email_verified', value: 'true' },
      ],
    });
    const membership = new CfnUserPoolUserToGroupAttachment(this, 'InvitedRole', {
      userPoolId: this.id,
      username: user.ref,
      groupName: role,
    });
    for (const group of this.resources) if (group instanceof CfnUserPoolGroup) membership.addDependency(group);
    for (const { cfnOptions } of [user, membership]) {
      cfnOptions.deletionPolicy = CfnDeletionPolicy.RETAIN;
      cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
    }
    return [user, membership];
  }
}
