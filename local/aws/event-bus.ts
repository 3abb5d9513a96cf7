import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { ACCOUNT, REGION } from '../template/resolve.ts';
import type { Stack } from '../template/stack.ts';
import { type Actions, AwsError } from './json-protocol.ts';

/** A pattern of exact values: `{"source": ["a", "b"], "detail": {"type": ["c"]}}`. */
export interface Pattern {
  readonly [field: string]: readonly (string | number | boolean | null)[] | Pattern;
}

/** A rule of one bus, and the queues that it leads to. */
interface Rule {
  readonly name: string;
  readonly bus: string;
  readonly pattern: Pattern;
  readonly queueUrls: readonly string[];
}

const targetSchema = z.strictObject({
  Id: z.string(),
  Arn: z.string(),
  /** Of no use here: an event that no queue takes is refused, and comes again. */
  DeadLetterConfig: z.strictObject({ Arn: z.string() }).optional(),
});
const ruleSchema = z.looseObject({
  EventBusName: z.string(),
  EventPattern: z.record(z.string(), z.unknown()),
  State: z.string().default('ENABLED'),
  Targets: z.array(targetSchema),
});

/** A pattern as it is understood here. Throws on every other form of EventBridge's: prefixes, numbers, `exists` and so on. */
export function readPattern(value: unknown, at = 'EventPattern'): Pattern {
  if (!isObject(value)) throw new Error(`${at}: expected an object`);
  return Object.fromEntries(
    Object.entries(value).map(([field, part]) => {
      if (!Array.isArray(part)) return [field, readPattern(part, `${at}.${field}`)];
      if (part.length === 0 || part.some((one) => typeof one === 'object' && one !== null))
        throw new Error(`${at}.${field}: only exact values are understood here`);
      return [field, part as string[]]; // values without parts, by the line before
    }),
  );
}

/** Whether an event fits: each field of the pattern has one of its values. Pure. */
export function fits(pattern: Pattern, event: unknown): boolean {
  return Object.entries(pattern).every(([field, part]) => {
    const value = isObject(event) && Object.hasOwn(event, field) ? event[field] : undefined;
    if (!Array.isArray(part)) return fits(part as Pattern, value); // the other kind
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.some((one) => part.includes(one));
  });
}

/** Rules with a pattern. Those with a schedule are read elsewhere. Throws on targets other than queues of the stack. */
export function readRules(stack: Stack): readonly Rule[] {
  const queues = stack.ofType('AWS::SQS::Queue');
  return stack
    .ofType('AWS::Events::Rule')
    .filter(({ properties }) => properties.EventPattern !== undefined)
    .map(({ name, properties }) => {
      const { EventBusName: bus, EventPattern, State, Targets } = ruleSchema.parse(properties);
      const queueUrls = Targets.map(({ Arn }) => {
        const queue = queues.find((q) => q.identity.attributes.Arn === Arn);
        if (!queue) throw new Error(`Rule ${name}: only queues of this stack can be targets, not ${Arn}`);
        return queue.identity.ref;
      });
      return { name, bus, pattern: readPattern(EventPattern), queueUrls: State === 'ENABLED' ? queueUrls : [] };
    });
}

const entrySchema = z.looseObject({
  EventBusName: z.string(),
  Source: z.string().min(1),
  DetailType: z.string().min(1),
  Detail: z.string(),
  Time: z.number().optional(),
  Resources: z.array(z.string()).default([]),
});
type Entry = z.infer<typeof entrySchema>;

export interface EventBusOptions {
  readonly buses: readonly string[];
  readonly rules: readonly Rule[];
  readonly send: (queueUrl: string, body: string) => Promise<void>;
  readonly log: (line: string) => void;
}

/** Most entries of one call, and bytes of them together. */
const MOST_ENTRIES = 10;
const MOST_BYTES = 256 * 1024;

/**
 * EventBridge: PutEvents on the buses of the template, and rules of exact values that lead to queues.
 *
 * An event is in every queue that it belongs to when the call is answered; the real service says yes first, and delivers in
 * its own time, at least once.
 */
export function eventBusActions({ buses, rules, send, log }: EventBusOptions): Actions {
  return {
    async PutEvents(input: JsonObject) {
      const entries = z.array(entrySchema).min(1).max(MOST_ENTRIES).safeParse(input.Entries);
      if (!entries.success) throw new AwsError('ValidationException', 'Entries are not as expected');
      if (Buffer.byteLength(JSON.stringify(input.Entries)) > MOST_BYTES)
        throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
      const answers: JsonObject[] = [];
      for (const entry of entries.data) {
        const event = eventOf(entry);
        const problem = problemOf(entry, buses);
        answers.push(problem ?? { EventId: event.id });
        if (problem) continue;
        for (const rule of rules.filter((r) => r.bus === entry.EventBusName && fits(r.pattern, event)))
          for (const queueUrl of rule.queueUrls) {
            await send(queueUrl, JSON.stringify(event)).catch((error: unknown) => {
              log(`Rule ${rule.name}: ${error instanceof Error ? error.message : String(error)}`);
              throw new AwsError('InternalException', 'the target takes no event', 500);
            });
          }
      }
      return { FailedEntryCount: answers.filter((a) => a.ErrorCode !== undefined).length, Entries: answers };
    },
  };
}

function problemOf(entry: Entry, buses: readonly string[]): JsonObject | undefined {
  if (!buses.includes(entry.EventBusName))
    return { ErrorCode: 'InvalidArgument', ErrorMessage: 'Event bus does not exist.' };
  return isObject(detailOf(entry)) ? undefined : { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

function detailOf({ Detail }: Entry): Json | undefined {
  try {
    return JSON.parse(Detail) as Json; // JSON by contract
  } catch {
    return undefined;
  }
}

/** The envelope that a target gets. */
function eventOf(entry: Entry) {
  const time = entry.Time === undefined ? new Date() : new Date(entry.Time * 1000);
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': entry.DetailType,
    source: entry.Source,
    account: ACCOUNT,
    time: time.toISOString().replace(/\.\d+Z$/, 'Z'),
    region: REGION,
    resources: entry.Resources,
    detail: detailOf(entry) ?? null,
  };
}
