import type { CommandPorts } from '../lib/orchestrator/run-ports.ts';
import { commandDatabases } from '../lib/postgres/command-databases.ts';
import type { StartServices } from './runtime.ts';
import { serverOptions, surroundings } from './surroundings.ts';

/** The ports of commands about jobs, with databases behind them that move no row. */
export function commandPorts(services: StartServices): CommandPorts {
  const databases = commandDatabases(serverOptions(services, 'command'));
  return { ...surroundings(services, 'command'), databases, workflow: services.workflow };
}
