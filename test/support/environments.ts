import { memoryApprovalStore, memoryEnvironmentSecrets, memoryEnvironmentStore } from '../contract/memory.ts';

/** What a start asks of environments, in memory and empty: every database is none. */
export const noEnvironments = () => ({
  environments: memoryEnvironmentStore(),
  approvals: memoryApprovalStore(),
  environmentSecrets: memoryEnvironmentSecrets(),
});
