import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  type SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import type { Schedule } from '../../lib/model/schedule.ts';
import type { AlarmClock } from '../../lib/ports.ts';
import { calling, isAws } from './errors.ts';

/** Where schedules are kept and what they run; all of it is made by the stack. */
export interface AlarmSettings {
  readonly group: string;
  readonly functionArn: string;
  /** The role that invokes the function. */
  readonly roleArn: string;
  /** Takes what could not be delivered. */
  readonly deadLetterArn: string;
}

/** A run that could not be delivered within an hour is the next one's work. */
const MAX_AGE_SECONDS = 3600;
const MAX_RETRIES = 10;

/** EventBridge replaces what is in angle brackets when it fires. */
const inputFor = (name: string) => JSON.stringify({ schedule: name, due: '<aws.scheduler.scheduled-time>' });

function inputOf(schedule: Schedule, from: string, settings: AlarmSettings): CreateScheduleCommandInput {
  const { name, expression, timezone, flexible_minutes: minutes, paused } = schedule;
  const rate = expression.startsWith('rate');
  return {
    Name: name,
    GroupName: settings.group,
    ScheduleExpression: expression,
    ScheduleExpressionTimezone: timezone,
    State: paused ? 'DISABLED' : 'ENABLED',
    // a rate begins where its anchor says; a cron expression knows by itself
    ...(rate && { StartDate: new Date(from) }),
    FlexibleTimeWindow: minutes > 0 ? { Mode: 'FLEXIBLE', MaximumWindowInMinutes: minutes } : { Mode: 'OFF' },
    Target: {
      Arn: settings.functionArn,
      RoleArn: settings.roleArn,
      Input: inputFor(name),
      DeadLetterConfig: { Arn: settings.deadLetterArn },
      RetryPolicy: { MaximumEventAgeInSeconds: MAX_AGE_SECONDS, MaximumRetryAttempts: MAX_RETRIES },
    },
  };
}

/** Schedules of EventBridge Scheduler, in a group of their own and under their own names. */
export function awsAlarmClock(client: () => SchedulerClient, settings: () => AlarmSettings): AlarmClock {
  const call = <T>(work: () => Promise<T>) => calling('scheduler', work);
  return {
    set: (schedule, from) =>
      call(async () => {
        const input = inputOf(schedule, from, settings());
        try {
          await client().send(new UpdateScheduleCommand(input));
        } catch (error) {
          if (!isAws(error, 'ResourceNotFoundException')) throw error;
          await client().send(new CreateScheduleCommand(input));
        }
      }),
    remove: (name) =>
      call(async () => {
        try {
          await client().send(new DeleteScheduleCommand({ Name: name, GroupName: settings().group }));
        } catch (error) {
          if (!isAws(error, 'ResourceNotFoundException')) throw error;
        }
      }),
  };
}
