// Stands in for @aws-sdk/credential-provider-node in every bundle. Lambda hands credentials over in the environment, so
// the rest of the default chain (SSO, STS, INI files, instance metadata) would be 132 KB and 25 ms of import for nothing.
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
