import { randomUUID } from 'node:crypto';
import { putSchedule, removeSchedule } from '../../lib/orchestrator/put-schedule.ts';
import { commandDatabases } from '../../lib/postgres/command-databases.ts';
import { environmentServices } from '../environment-services.ts';
import { bareServices } from '../runtime.ts';
import { scheduleServices } from '../schedule-services.ts';
import { startConfig } from '../start-config.ts';
import { patienceOf, serverOptions } from '../surroundings.ts';
import { apiHandler } from './handler.ts';
import { scheduleRoutes } from './routes/schedules.ts';

/** Lambda handler of the routes that keep schedules. */
export const handler = apiHandler({
  serves: scheduleRoutes,
  services: bareServices,
  parts: (core) => {
    const kept = scheduleServices(core);
    const databases = commandDatabases(serverOptions(core, 'command'));
    const around = { clock: core.clock, patience: patienceOf('command'), ...environmentServices(core) };
    const ports = () => ({ ...around, ...kept, databases, startConfig, newId: randomUUID });
    return {
      schedules: kept.schedules,
      putSchedule: (put) => putSchedule(put, ports()),
      removeSchedule: (name, seen) => removeSchedule(name, ports(), seen),
    };
  },
});
