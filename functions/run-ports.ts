import type { Caller } from '../lib/model/connection-budget.ts';
import type { RunPorts } from '../lib/orchestrator/run-ports.ts';
import { postgresDatabases } from '../lib/postgres/databases.ts';
import type { AuditedServices, WorkflowServices } from './runtime.ts';
import { serverOptions, surroundings } from './surroundings.ts';

/** The ports of a running job, with real databases behind them. */
export function runPorts(services: AuditedServices & WorkflowServices, caller: Caller): RunPorts {
  const databases = postgresDatabases(serverOptions(services, caller));
  return { ...surroundings(services, caller), databases, workflow: services.workflow, audit: services.audit };
}
