import type { Caller } from '../lib/model/connection-budget.ts';
import type { RunPorts } from '../lib/orchestrator/run-ports.ts';
import { postgresDatabases } from '../lib/postgres/databases.ts';
import type { AuditedServices, CoreServices, WorkflowServices } from './runtime.ts';
import { serverOptions, surroundings } from './surroundings.ts';

/** The ports of a running job, with real databases behind them. */
export function runPorts(services: AuditedServices & WorkflowServices, caller: Caller): RunPorts {
  return { ...databasePorts(services, caller), workflow: services.workflow, audit: services.audit };
}

/** The same for those who only decide conflicts. */
export function decisionPorts(services: AuditedServices, caller: Caller): Omit<RunPorts, 'workflow'> {
  return { ...databasePorts(services, caller), audit: services.audit };
}

function databasePorts(services: CoreServices, caller: Caller): Omit<RunPorts, 'workflow' | 'audit'> {
  return { ...surroundings(services, caller), databases: postgresDatabases(serverOptions(services, caller)) };
}
