import type { Approval } from '../lib/model/approval.ts';
import type { Environment } from '../lib/model/environment.ts';
import type { ApprovalStore, EnvironmentSecrets, EnvironmentStore } from '../lib/ports.ts';
import { dynamoClient, secretsClient } from './aws/clients.ts';
import { type RegistryItems, registryItems } from './aws/dynamo/registry-items.ts';
import { type Changes, seldomChanged } from './aws/dynamo/seldom-changed.ts';
import type { Table } from './aws/dynamo/table.ts';
import { awsEnvironmentSecrets } from './aws/secrets.ts';
import type { CoreServices } from './runtime.ts';

/** What every start asks, and those who keep environments write. */
export interface EnvironmentServices {
  readonly environments: EnvironmentStore;
  readonly approvals: ApprovalStore;
  readonly environmentSecrets: EnvironmentSecrets;
}

/** Kept as long as the container, so that its starts read the rules once. */
const namedDatabases = /* @__PURE__ */ (() => {
  let kept: RegistryItems<Environment> | undefined;
  return (table: Table) => {
    kept ??= seldomChanged(
      registryItems<Environment>(table, 'environment'),
      registryItems<Changes>(table, 'environment_changes'),
      () => new Date(),
    );
    return kept;
  };
})();

export function environmentServices({ settings }: Pick<CoreServices, 'settings'>): EnvironmentServices {
  const table = { name: () => settings.registryTable, client: dynamoClient };
  const environments = namedDatabases(table);
  const approvals = registryItems<Approval>(table, 'approval');
  return {
    environments: { ...environments, put: (environment) => environments.put(environment.name, environment) },
    approvals: { ...approvals, put: (approval) => approvals.put(approval.id, approval) },
    environmentSecrets: awsEnvironmentSecrets(secretsClient, () => settings.environmentSecretPrefix),
  };
}
