import type { RunPorts } from '../lib/orchestrator/run-ports.ts';
import { postgresDatabases } from '../lib/postgres/databases.ts';
import type { CoreServices } from './runtime.ts';

/** The ports of a running job, with real databases behind them. */
export function runPorts({ settings, jobs, secrets, workflow, audit, clock, log }: CoreServices): RunPorts {
  const databases = postgresDatabases({ tlsPolicy: settings.tlsPolicy, version: settings.version });
  return { jobs, secrets, workflow, audit, clock, log, databases };
}
