import { SyncError } from '../lib/model/errors.ts';
import type { AlarmClock, ScheduleStore, SecretStore } from '../lib/ports.ts';
import { type AlarmSettings, awsAlarmClock } from './aws/alarm-clock.ts';
import { dynamoClient, schedulerClient, secretsClient } from './aws/clients.ts';
import { dynamoScheduleStore } from './aws/dynamo/schedule-store.ts';
import { awsSecretStore } from './aws/secrets.ts';
import type { CoreServices } from './runtime.ts';

/** What keeps schedules, for the two functions that do. */
export interface ScheduleServices {
  readonly schedules: ScheduleStore;
  readonly alarms: AlarmClock;
  /** Of schedules; those of jobs are under another prefix. */
  readonly secrets: Pick<SecretStore, 'put' | 'get' | 'remove'>;
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new SyncError('internal', `the environment variable ${name} is not set`);
  return value;
}

const alarmSettings = (functionArn: () => string) => (): AlarmSettings => ({
  group: setting('SCHEDULE_GROUP'),
  functionArn: functionArn(),
  roleArn: setting('FIRE_ROLE_ARN'),
  deadLetterArn: setting('SCHEDULE_DEAD_LETTER_ARN'),
});

/** `functionArn`: of the function that schedules run; its own environment cannot name it. */
export const scheduleServices = (
  { settings }: CoreServices,
  functionArn: () => string = () => setting('FIRE_FUNCTION_ARN'),
): ScheduleServices => ({
  schedules: dynamoScheduleStore({ name: () => settings.registryTable, client: dynamoClient }),
  alarms: awsAlarmClock(schedulerClient, alarmSettings(functionArn)),
  secrets: awsSecretStore(secretsClient, {
    get secretPrefix() {
      return setting('SCHEDULE_SECRET_PREFIX');
    },
    get maskKeyPrefix() {
      return settings.maskKeyPrefix;
    },
  }),
});
