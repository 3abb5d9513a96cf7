import { announce } from '../../lib/orchestrator/announce.ts';
import { dynamoClient } from '../aws/clients.ts';
import { dynamoNoticeStore } from '../aws/dynamo/notice-store.ts';
import { endpointOf } from '../aws/endpoint.ts';
import { awsEventBus } from '../aws/event-bus.ts';
import { roleCredentials } from '../aws/role-credentials.ts';
import { coreServices } from '../runtime.ts';
import { setting } from '../webhook-services.ts';

/** Lambda handler: publishes what jobs have to tell. Called when a run of a job ends, and each minute for what is left. */
export async function handler(): Promise<{ readonly published: number }> {
  const { settings, jobs, clock, log } = coreServices();
  const table = (name: () => string) => ({ name, client: dynamoClient });
  const published = await announce({
    jobs,
    notices: dynamoNoticeStore(
      table(() => settings.jobsTable),
      table(() => settings.conflictsTable),
    ),
    bus: awsEventBus({
      busName: () => setting('EVENT_BUS_NAME'),
      region: () => setting('AWS_REGION'),
      endpoint: () => endpointOf('EVENTBRIDGE'),
      credentials: roleCredentials,
      clock,
    }),
    lag: { bytes: Number(setting('LAG_NOTICE_BYTES')), seconds: Number(setting('LAG_NOTICE_SECONDS')) },
    log,
  });
  return { published };
}
