import type { CommandPorts } from '../lib/orchestrator/run-ports.ts';
import { commandDatabases } from '../lib/postgres/command-databases.ts';
import type { WorkflowServices } from './runtime.ts';
import { serverOptions, surroundings } from './surroundings.ts';

/** The ports of commands about jobs, with databases behind them that move no row. */
export function commandPorts(services: WorkflowServices): CommandPorts {
  const databases = commandDatabases(serverOptions(services, 'command'));
  return { ...surroundings(services, 'command'), databases, workflow: services.workflow };
}
