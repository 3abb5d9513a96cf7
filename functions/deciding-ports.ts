import type { ResolvePorts } from '../lib/orchestrator/resolve-conflict.ts';
import { decidingDatabases } from '../lib/postgres/deciding-databases.ts';
import type { AuditedServices } from './runtime.ts';
import { serverOptions, surroundings } from './surroundings.ts';

/** The ports of those who decide conflicts on somebody's behalf, with databases behind them that do no other work. */
export function decidingPorts(services: AuditedServices): Omit<ResolvePorts, 'conflicts'> {
  const databases = decidingDatabases(serverOptions(services, 'command'));
  return { ...surroundings(services, 'command'), databases, audit: services.audit };
}
