import type { Approval } from '../lib/model/approval.ts';
import type { Environment } from '../lib/model/environment.ts';
import type { ApprovalStore, EnvironmentSecrets, EnvironmentStore } from '../lib/ports.ts';
import { dynamoClient, secretsClient } from './aws/clients.ts';
import { registryItems } from './aws/dynamo/registry-items.ts';
import { awsEnvironmentSecrets } from './aws/secrets.ts';
import type { CoreServices } from './runtime.ts';

/** What every start asks, and those who keep environments write. */
export interface EnvironmentServices {
  readonly environments: EnvironmentStore;
  readonly approvals: ApprovalStore;
  readonly environmentSecrets: EnvironmentSecrets;
}

export function environmentServices({ settings }: Pick<CoreServices, 'settings'>): EnvironmentServices {
  const table = { name: () => settings.registryTable, client: dynamoClient };
  const environments = registryItems<Environment>(table, 'environment');
  const approvals = registryItems<Approval>(table, 'approval');
  return {
    environments: { ...environments, put: (environment) => environments.put(environment.name, environment) },
    approvals: { ...approvals, put: (approval) => approvals.put(approval.id, approval) },
    environmentSecrets: awsEnvironmentSecrets(secretsClient, () => settings.environmentSecretPrefix),
  };
}
