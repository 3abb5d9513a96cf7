import { canonicalJson, type Json } from './json.ts';
import type { FunctionPool } from './lambda/function-pool.ts';
import type { FunctionSpec } from './lambda/function-process.ts';
import type { Stack, StackResource } from './template/stack.ts';

/** What runs now, and how to make what is new. */
export interface Running {
  readonly stack: Stack;
  readonly pools: ReadonlyMap<string, FunctionPool>;
  readonly ensure: (resource: StackResource) => Promise<void>;
}

/** A stack that is to take its place. */
export interface Update {
  readonly stack: Stack;
  readonly specOf: (resource: StackResource) => FunctionSpec;
}

const FUNCTIONS = 'AWS::Lambda::Function';
/** Made where they are missing; their settings follow. */
const KEEPERS = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable', 'AWS::SQS::Queue'];

/** Names of resources, other than functions and what keeps data, that are not the same in both stacks. */
function otherwise(before: Stack, after: Stack): readonly string[] {
  const rest = (stack: Stack) =>
    new Map(
      stack
        .all()
        .filter(({ type }) => type !== FUNCTIONS && !KEEPERS.includes(type))
        .map(({ logicalId, properties }) => [logicalId, canonicalJson(properties as Json)]),
    );
  const [a, b] = [rest(before), rest(after)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((id) => a.get(id) !== b.get(id)).sort();
}

/**
 * Gives every function the code and settings of another synthesized stack while jobs run, as an update of the stack does in AWS:
 * invocations under way end with the code that they began with, the next ones have the new. Answers the functions' names.
 *
 * Throws, and changes nothing, where anything but functions, tables and queues differs: that takes a new start.
 */
export async function deploy({ stack, pools, ensure }: Running, update: Update): Promise<readonly string[]> {
  const functions = update.stack.ofType(FUNCTIONS);
  const made = functions.filter(({ name }) => !pools.has(name)).map(({ logicalId }) => logicalId);
  const gone = [...pools.keys()].filter((name) => !functions.some((f) => f.name === name));
  const differ = [...otherwise(stack, update.stack), ...made, ...gone];
  if (differ.length > 0)
    throw new Error(
      `Only code, settings and tables are replaced while it runs; start it anew for: ${differ.join(', ')}`,
    );
  const specs = functions.map(update.specOf); // what fails here has changed nothing
  for (const resource of update.stack.ofType(...KEEPERS)) await ensure(resource);
  for (const spec of specs) pools.get(spec.name)?.update(spec);
  return specs.map(({ name }) => name);
}
