import { setTimeout as pause } from 'node:timers/promises';
import { type Caller, connectionLimit } from '../lib/model/connection-budget.ts';
import type { Patience } from '../lib/orchestrator/connections.ts';
import type { CommandPorts, RunPorts } from '../lib/orchestrator/run-ports.ts';
import { postgresDatabases } from '../lib/postgres/databases.ts';
import { trustIn } from '../lib/postgres/trust.ts';
import type { AuditedServices, CoreServices, WorkflowServices } from './runtime.ts';

/**
 * How long a caller waits for connections. A worker gives its message back instead, a step has minutes and is tried again
 * by its machine, and a command is waited for by somebody.
 */
const PATIENCE_MS: Readonly<Record<Caller, number>> = { worker: 0, step: 60_000, command: 5_000 };

/** The ports of a running job, with real databases behind them. */
export function runPorts(services: AuditedServices & WorkflowServices, caller: Caller): RunPorts {
  return { ...commandPorts(services, caller), audit: services.audit };
}

/** The same for whoever tells the audit trail nothing but through the target's outbox. */
export function commandPorts(services: WorkflowServices, caller: Caller = 'command'): CommandPorts {
  return { ...databasePorts(services, caller), workflow: services.workflow };
}

/** The same for those who only decide conflicts. */
export function decisionPorts(services: AuditedServices, caller: Caller): Omit<RunPorts, 'workflow'> {
  return { ...databasePorts(services, caller), audit: services.audit };
}

function databasePorts(services: CoreServices, caller: Caller): Omit<CommandPorts, 'workflow'> {
  const { jobs, secrets, clock, log } = services;
  const { tlsPolicy, hostPolicy, authoritiesFile } = services.settings;
  const databases = postgresDatabases({
    rules: { tls: tlsPolicy, hosts: hostPolicy, trust: trustIn(authoritiesFile) },
    version: services.settings.version,
    connectionLimit: connectionLimit(services.settings.connectionBudget, caller),
  });
  const patience: Patience = {
    forMs: PATIENCE_MS[caller],
    random: Math.random,
    wait: async (ms) => {
      await pause(ms);
    },
  };
  return { jobs, secrets, clock, log, databases, patience };
}
