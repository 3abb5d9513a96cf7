import type { UsageFigure } from '../../lib/model/usage.ts';

/** Figures of one invocation; absent: none. */
export type Counted = Partial<Record<UsageFigure, number>>;

/** Of the invocation that this process works on: Lambda gives it one at a time. */
let counted: Counted = {};

export function count(figure: UsageFigure, n: number): void {
  counted[figure] = (counted[figure] ?? 0) + n;
}

/** What was counted since the last call. */
export function takeCounted(): Counted {
  const all = counted;
  counted = {};
  return all;
}

/** As much of an answer, or of an error, as is counted. */
interface Answer {
  readonly name?: string;
  readonly $metadata?: { readonly attempts?: number };
  readonly ConsumedCapacity?: Capacity | readonly Capacity[];
}
interface Capacity {
  readonly CapacityUnits?: number;
}

type Args = { readonly input: object };
type Next = (args: Args) => Promise<{ readonly output: object }>;
type Middleware = (next: Next, context: { readonly commandName?: string }) => Next;

/** As much of an SDK client as is needed here; each client has middlewares of a type of its own. */
interface Client {
  readonly middlewareStack: { add(added: Middleware, options: { readonly name: string }): void };
}

/** Tells `note` of every request, answered or refused. `more`: what is asked with those about items. */
function watch<C extends object>(client: C, note: (command: string, answer: Answer) => void, more?: object): C {
  const middleware: Middleware =
    (next, { commandName = '' }) =>
    async ({ input, ...rest }) => {
      let answer: Answer = {};
      try {
        const answered = await next({ ...rest, input: { ...input, ...(!/^Describe/.test(commandName) && more) } });
        answer = answered.output;
        return answered;
      } catch (error) {
        answer = error as Answer; // of the SDK, or without any of these fields
        throw error;
      } finally {
        note(commandName, answer);
      }
    };
  (client as unknown as Client).middlewareStack.add(middleware, { name: 'meter' }); // at the step that is first
  return client;
}

/** Counts the requests of a client under `figure`, tries that the SDK made by itself included. */
export const countRequests = <C extends object>(client: C, figure: UsageFigure): C =>
  watch(client, (_, { $metadata }) => count(figure, $metadata?.attempts ?? 1));

/**
 * Counts what requests to DynamoDB consumed, as DynamoDB says it: indexes included. A refused condition costs what the item
 * that is there would cost to write; one unit is counted.
 */
export const countUnits = <C extends object>(client: C): C =>
  watch(
    client,
    (command, { name, ConsumedCapacity: used }) => {
      const refused = name === 'ConditionalCheckFailedException' ? [{ CapacityUnits: 1 }] : [];
      for (const { CapacityUnits = 0 } of [used ?? refused].flat() as Capacity[])
        count(/^(Batch)?Get|^Query/.test(command) ? 'read_units' : 'write_units', CapacityUnits);
    },
    { ReturnConsumedCapacity: 'TOTAL' },
  );
