import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { fireSchedule, tendSchedules } from '../../lib/orchestrator/fire-schedule.ts';
import { startJob } from '../../lib/orchestrator/start-job.ts';
import { commandPorts } from '../command-ports.ts';
import { environmentServices } from '../environment-services.ts';
import { startServices as services } from '../runtime.ts';
import { scheduleServices } from '../schedule-services.ts';
import { startConfig } from '../start-config.ts';

/** What EventBridge Scheduler sends for a schedule of the API; without either it is the minute's look. */
const due = z.object({ schedule: z.string(), due: z.string() });

/** Starts what a schedule says, when it says so; and each minute sees to runs that wait. */
export async function handler(event: unknown, context: Context): Promise<void> {
  const core = services();
  const { jobs, clock, log } = core;
  const kept = environmentServices(core);
  const ports = {
    ...kept,
    ...scheduleServices(core, () => context.invokedFunctionArn),
    jobs,
    clock,
    log,
    start: async (request: Parameters<typeof startJob>[0]) =>
      startJob({ ...request, config: await startConfig(request.config) }, { ...commandPorts(core), ...kept }),
    newId: randomUUID,
  };
  const asked = due.safeParse(event);
  if (!asked.success) return tendSchedules(ports);
  // EventBridge writes whole seconds; one form for all names a run once
  await fireSchedule(asked.data.schedule, new Date(asked.data.due).toISOString(), ports);
}
