import { setTimeout as pause } from 'node:timers/promises';
import type { Side } from '../lib/model/connection.ts';
import { type Caller, connectionLimit } from '../lib/model/connection-budget.ts';
import type { Patience } from '../lib/orchestrator/connections.ts';
import type { RunPorts } from '../lib/orchestrator/run-ports.ts';
import { databaseToken } from './aws/database-token.ts';
import { count } from './aws/meter.ts';
import { roleCredentials } from './aws/role-credentials.ts';
import type { CoreServices } from './runtime.ts';

/**
 * How long a caller waits for connections. A worker gives its message back instead, a step has minutes and is tried again
 * by its machine, and a command is waited for by somebody.
 */
const PATIENCE_MS: Readonly<Record<Caller, number>> = { worker: 0, step: 60_000, command: 5_000 };

/** How servers are spoken to by this deployment. */
export const serverOptions = ({ settings, clock }: CoreServices, caller: Caller) => ({
  rules: {
    tls: settings.tlsPolicy,
    hosts: settings.hostPolicy,
    trust: settings.trust,
    signIn: databaseToken(roleCredentials, clock),
  },
  version: settings.version,
  connectionLimit: connectionLimit(settings.connectionBudget, caller),
  shares: caller === 'worker',
  onTraffic: (side: Side, { received, sent }: { readonly received: number; readonly sent: number }) => {
    count(`${side}_bytes_received`, received);
    count(`${side}_bytes_sent`, sent);
  },
});

export const patienceOf = (caller: Caller): Patience => ({
  forMs: PATIENCE_MS[caller],
  random: Math.random,
  wait: async (ms) => {
    await pause(ms);
  },
});

/** What all ports have in common. */
export function surroundings(
  { jobs, secrets, clock, log }: CoreServices,
  caller: Caller,
): Pick<RunPorts, 'jobs' | 'secrets' | 'clock' | 'log'> & { readonly patience: Patience } {
  return { jobs, secrets, clock, log, patience: patienceOf(caller) };
}
