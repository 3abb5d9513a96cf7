import { setTimeout as pause } from 'node:timers/promises';
import { type Caller, connectionLimit } from '../lib/model/connection-budget.ts';
import type { Patience } from '../lib/orchestrator/connections.ts';
import type { RunPorts } from '../lib/orchestrator/run-ports.ts';
import { postgresDatabases } from '../lib/postgres/databases.ts';
import type { CoreServices, JobServices } from './runtime.ts';

/**
 * How long a caller waits for connections. A worker gives its message back instead, a step has minutes and is tried again
 * by its machine, and a command is waited for by somebody.
 */
const PATIENCE_MS: Readonly<Record<Caller, number>> = { worker: 0, step: 60_000, command: 5_000 };

/** The ports of a running job, with real databases behind them. */
export function runPorts(services: JobServices, caller: Caller): RunPorts {
  return { ...decisionPorts(services, caller), workflow: services.workflow };
}

/** The same for those who only decide conflicts. */
export function decisionPorts(services: CoreServices, caller: Caller): Omit<RunPorts, 'workflow'> {
  const { jobs, secrets, audit, clock, log } = services;
  const databases = postgresDatabases({
    tlsPolicy: services.settings.tlsPolicy,
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
  return { jobs, secrets, audit, clock, log, databases, patience };
}
