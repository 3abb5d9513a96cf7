import type { ScheduledWhen } from '../model/approval.ts';
import { connectionView } from '../model/connection.ts';
import type { NamedSides } from '../model/environment.ts';
import { SyncError } from '../model/errors.ts';
import type { Schedule } from '../model/schedule.ts';
import type { ConnectionPair, SecretStore } from '../ports.ts';
import { type NamedPorts, namedPair } from './named-pair.ts';
import type { PutSchedule } from './put-schedule.ts';

type Ports = NamedPorts & { readonly secrets: Pick<SecretStore, 'put' | 'get'> };

/** Sides whose connection the schedule keeps itself. */
const own = (names: NamedSides = {}) => (['source', 'target'] as const).filter((side) => names[side] === undefined);

/** What a schedule is to run over. */
export interface Said {
  readonly pair: ConnectionPair;
  readonly environments: NamedSides | undefined;
  /** New connections to be kept; without them those before stay. */
  readonly keeps?: ConnectionPair;
}

/** A secret of a side that is named would only grow stale. */
const without = (pair: ConnectionPair, names: NamedSides = {}): ConnectionPair => {
  const bare = (side: 'source' | 'target') =>
    names[side] === undefined ? pair[side] : { ...connectionView(pair[side]), sslmode: 'verify-full' as const };
  return { source: bare('source'), target: bare('target') };
};

/** The pair that a PUT means; with nothing said, that of the schedule before. */
export async function saidPair(
  put: Pick<PutSchedule, 'pair' | 'environments'>,
  before: Schedule | undefined,
  ports: Ports,
): Promise<Said> {
  if (put.pair || put.environments) {
    const pair = await namedPair(put.pair ?? {}, put.environments, ports);
    const keeps = own(put.environments).length > 0 && { keeps: without(pair, put.environments) };
    return { pair, environments: put.environments, ...keeps };
  }
  if (!before)
    throw new SyncError('required', 'A new schedule needs source_connection and target_connection.', {
      problems: (['source', 'target'] as const).map((side) => ({
        code: 'required',
        field: `/${side}_connection`,
        message: 'expected a string, found nothing',
      })),
    });
  return { pair: await scheduledPair(before, ports), environments: before.environments };
}

/** The connections that a run of the schedule starts with now. */
export async function scheduledPair(
  schedule: Pick<Schedule, 'secret_ref' | 'environments'>,
  ports: Ports,
): Promise<ConnectionPair> {
  const kept = own(schedule.environments).length > 0 ? await ports.secrets.get(schedule.secret_ref) : {};
  return namedPair(kept, schedule.environments, ports);
}

/** What of a schedule a second person approves with it. */
export const whenOf = ({ name, expression, timezone, flexible_minutes, overlap }: ScheduledWhen): ScheduledWhen => ({
  name,
  expression,
  timezone,
  flexible_minutes,
  overlap,
});

/** The secret of what the schedule keeps itself, by revision: a run that is just being started reads those of its own. */
export async function secretFor(
  name: string,
  { keeps, environments }: Said,
  before: Schedule | undefined,
  ports: Pick<Ports, 'secrets'> & { readonly newId: () => string },
): Promise<string> {
  if (keeps) return ports.secrets.put(`${name}/${ports.newId()}`, keeps);
  return own(environments).length > 0 ? (before?.secret_ref ?? '') : '';
}
