import { dynamoClient } from './aws/clients.ts';
import { dynamoUsage } from './aws/dynamo/usage-store.ts';
import { coreServices } from './runtime.ts';

/** What jobs used, for those that ask. */
export function usageLedger() {
  const { settings } = coreServices();
  return dynamoUsage({ name: () => settings.jobsTable, client: dynamoClient });
}
