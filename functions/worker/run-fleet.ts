import { randomUUID } from 'node:crypto';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import * as z from 'zod';
import { SyncError } from '../../lib/model/errors.ts';
import { namedPair, readmit } from '../../lib/orchestrator/named-pair.ts';
import { putSchedule } from '../../lib/orchestrator/put-schedule.ts';
import { resumeJob } from '../../lib/orchestrator/resume-job.ts';
import { startJob } from '../../lib/orchestrator/start-job.ts';
import { type StepFleetPorts, stepFleet, tendFleet } from '../../lib/orchestrator/step-fleet.ts';
import { stopJob } from '../../lib/orchestrator/stop-job.ts';
import { dynamoClient } from '../aws/clients.ts';
import { dynamoScheduleStore } from '../aws/dynamo/schedule-store.ts';
import { commandPorts } from '../command-ports.ts';
import { environmentServices } from '../environment-services.ts';
import { fleetServices } from '../fleet-services.ts';
import { startServices as services } from '../runtime.ts';
import { startConfig } from '../start-config.ts';

const message = z.strictObject({ v: z.literal(1), order_id: z.uuid() });

/** What SQS sends; without records it is the minute's look. */
const records = z.object({ Records: z.array(z.object({ messageId: z.string(), body: z.string() })) });

/** Schedules of pairs name environments, so they have no connections of their own. */
const none = async (): Promise<never> => {
  throw new SyncError('internal', 'a schedule of a pair has no secret');
};

/** The alarm clock is told by the minute's look at schedules, of which fire-schedule does one anyway. */
const later = async (): Promise<never> => {
  throw new SyncError('unavailable', 'told within a minute');
};

function ports(context: Context): StepFleetPorts {
  const core = services();
  const jobs = commandPorts(core);
  const named = environmentServices(core);
  const around = { ...jobs, ...named };
  const kept = dynamoScheduleStore({ name: () => core.settings.registryTable, client: dynamoClient });
  const unarmed = { alarms: { set: later, remove: later }, secrets: { put: none, get: none, remove: none } };
  const schedules = { ...around, ...unarmed, schedules: kept, startConfig, newId: randomUUID };
  return {
    ...fleetServices(core),
    clock: core.clock,
    log: core.log,
    remainingMs: () => context.getRemainingTimeInMillis(),
    connect: (pair) => namedPair({}, { source: pair.source_environment, target: pair.target_environment }, named),
    startJob: async (request) => startJob({ ...request, config: await startConfig(request.config) }, around),
    stopJob: (request) => stopJob(request, jobs),
    resumeJob: async (request) => {
      await readmit(request.jobId, around);
      return resumeJob(request, jobs);
    },
    putSchedule: (put) => putSchedule(put, schedules),
    schedules: kept,
  };
}

/**
 * Lambda handler: one step of an order over many pairs per record; each minute, orders whose message was lost. A step that dies is
 * delivered again when its time is up, and may be done twice.
 */
export async function handler(event: unknown, context: Context): Promise<SQSBatchResponse> {
  const { clock, log, ...core } = services();
  const { orders, queue } = fleetServices(core);
  const sent = records.safeParse(event);
  const batchItemFailures = [];
  if (!sent.success) await tendFleet({ orders, queue, clock, log });
  for (const record of sent.data?.Records ?? []) {
    try {
      const { order_id } = message.parse(JSON.parse(record.body));
      const outcome = await stepFleet(order_id, ports(context));
      log.info('order worked on', { order_id, ...outcome });
      if (outcome.again) await queue.send(order_id, outcome.afterSeconds);
    } catch (error) {
      log.error('step of an order failed', { message_id: record.messageId, error });
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures };
}
