import type { Health } from '../lib/model/answers.ts';
import type { PairCheck, SideCheck } from '../lib/model/pair-check.ts';
import { FINDINGS, type FindingCode } from '../lib/model/schema-check.ts';
import { commandHint } from './hints.ts';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly result: 'ok' | 'warning' | 'failed';
  readonly message: string;
  readonly remedy?: string;
  /** What an owner runs. */
  readonly statements?: readonly string[];
}

/** Tokens are valid from and until an instant; a clock that is further off refuses good ones. */
const MOST_SKEW_SECONDS = 60;

/** What the health route said, and the two clocks at that moment, in milliseconds since 1970. */
export interface SeenService {
  readonly health: Health;
  readonly clientVersion: string;
  readonly clientMs: number;
  /** Of its Date header; absent: it sent none. */
  readonly serviceMs?: number;
}

/** What is known without a token. Pure. */
export function serviceChecks({ health, clientVersion, clientMs, serviceMs }: SeenService): readonly Check[] {
  const skew = serviceMs === undefined ? undefined : Math.round(Math.abs(clientMs - serviceMs) / 1000);
  return [
    { name: 'service', result: 'ok', message: `answers, version ${health.version}` },
    ...(health.version === clientVersion
      ? []
      : [
          {
            name: 'version',
            result: 'warning',
            message: `the service has ${health.version}, this tfsync ${clientVersion}`,
            remedy: 'Use the tfsync of the version that is deployed.',
          } as const,
        ]),
    ...(skew === undefined ? [] : [clockCheck(skew)]),
    ...health.dependencies.map(
      ({ name, status, latency_ms, error }): Check =>
        status === 'up'
          ? { name: `dependency ${name}`, result: 'ok', message: `answers in ${latency_ms} ms` }
          : {
              name: `dependency ${name}`,
              result: 'failed',
              message: `does not answer (${error ?? 'unknown'})`,
              remedy: 'Look at the stack: the resource, its key and the rights of the function queries.',
            },
    ),
  ];
}

const clockCheck = (seconds: number): Check =>
  seconds <= MOST_SKEW_SECONDS
    ? { name: 'clock', result: 'ok', message: `${seconds} s apart from the service` }
    : {
        name: 'clock',
        result: 'warning',
        message: `this machine and the service are ${seconds} s apart: good tokens may be refused`,
        remedy: 'Set this machine to network time.',
      };

/** What only a caller is told: who they are, and whether a job between the two databases would be accepted. Pure. */
export function pairChecks(found: PairCheck): readonly Check[] {
  const { source, target, problems, warnings, more } = found;
  const unsided = problems.filter((p) => p.side === undefined);
  const waits = warnings.filter((w) => !isFinding(w));
  return [
    { name: 'sign-in', result: 'ok', message: `${found.actor}, ${found.roles.join(', ') || 'no role'}` },
    ...(source ? sideChecks('source', source, found) : []),
    ...(target ? sideChecks('target', target, found) : []),
    ...unsided.map((p): Check => ({ name: 'job', result: 'failed', message: told(p), ...remedyOf(p) })),
    ...(more ? [{ name: 'job', result: 'failed', message: `${more} more problems are not shown` } as const] : []),
    ...waits.map((w): Check => ({ name: 'job', result: 'warning', message: told(w), ...remedyOf(w) })),
    ...tableChecks(warnings.filter(isFinding)),
    ...(source && target && problems.length + waits.length === 0
      ? [{ name: 'job', result: 'ok', message: 'a start with this config would be accepted' } as const]
      : []),
  ];
}

/** Tables named before the rest is counted. */
const NAMED = 3;

/** About a table, as `tfsync validate` tells it; the others are about the start. */
const isFinding = ({ code }: Item): boolean => Object.hasOwn(FINDINGS, code);

/** What may refuse or change rows, a line for all that is alike. */
function tableChecks(findings: readonly Item[]): readonly Check[] {
  return [...Map.groupBy(findings, (w) => w.code)].flatMap(([code, own]) => {
    const [first] = own;
    if (!first) return [];
    const objects = own.slice(0, NAMED).map((w) => w.object);
    const rest = own.length > NAMED ? ` and ${own.length - NAMED} more` : '';
    const meaning = FINDINGS[code as FindingCode][1];
    const message = own.length === 1 ? `${first.object}: ${first.message}` : `${objects.join(', ')}${rest}: ${meaning}`;
    return [{ name: 'tables', result: 'warning', message: `${message} (${code})`, ...remedyOf(first) } as const];
  });
}

type Item = PairCheck['problems'][number];

const told = ({ code, message }: Item) => `${message} (${code})`;

const remedyOf = ({ hint, code }: Item) => ({
  remedy: hint === undefined ? `See docs/errors.md, ${code}.` : commandHint(hint),
});

function sideChecks(side: 'source' | 'target', at: SideCheck, { problems, connection_budget }: PairCheck): Check[] {
  const own = problems.filter((p) => p.side === side);
  const where = `${at.database} at ${at.host}:${at.port} as ${at.user}`;
  if (!at.answers)
    return own.map((p) => ({ name: side, result: 'failed', message: `${where}: ${told(p)}`, ...remedyOf(p) }));
  const lacking: Check[] = own.map((p) => ({ name: side, result: 'failed', message: told(p), ...remedyOf(p) }));
  const [last] = lacking.slice(-1);
  return [
    {
      name: side,
      result: 'ok',
      message: `${where}, PostgreSQL ${at.version}, ${at.connect_ms} ms from the deployment`,
    },
    ...(at.connections ? [roomCheck(side, at.connections, connection_budget)] : []),
    ...lacking.slice(0, -1),
    ...(last ? [{ ...last, ...(at.statements.length > 0 && { statements: at.statements }) }] : []),
  ];
}

/** The service's own sessions are among those in use, so this errs on the side of a warning. */
function roomCheck(side: string, { limit, in_use }: { limit: number; in_use: number }, budget: number): Check {
  const message = `${limit - in_use} of ${limit} connections are free; the service takes up to ${budget}`;
  if (limit - in_use >= budget) return { name: `${side} connections`, result: 'ok', message };
  const remedy = 'Lower DatabaseConnectionBudget of the stack, or give the server more connections.';
  return { name: `${side} connections`, result: 'warning', message, remedy };
}
