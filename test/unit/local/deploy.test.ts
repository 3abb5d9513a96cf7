import { describe, expect, it } from 'vitest';
import { deploy, type Running } from '../../../local/deploy.ts';
import type { FunctionPool } from '../../../local/lambda/function-pool.ts';
import type { FunctionSpec } from '../../../local/lambda/function-process.ts';
import type { Stack, StackResource } from '../../../local/template/stack.ts';

const resource = (logicalId: string, type: string, properties = {}): StackResource => ({
  logicalId,
  type,
  name: `stack-${logicalId}`,
  identity: { ref: logicalId, attributes: {} },
  properties,
});
const stackOf = (...all: readonly StackResource[]): Stack => ({
  all: () => all,
  ofType: (...types) => all.filter(({ type }) => types.includes(type)),
  ignored: {},
});
const WORKER = resource('Worker', 'AWS::Lambda::Function');
const JOBS = resource('Jobs', 'AWS::DynamoDB::Table');
const RULE = resource('Rule', 'AWS::Events::Rule', { Rate: 1 });
const specOf = ({ name }: StackResource) => ({ name }) as FunctionSpec; // nothing runs

/** A stack at work, and what was done to it, in order. */
function running(...functions: readonly StackResource[]) {
  const done: string[] = [];
  const pool = ({ name }: StackResource) => ({
    update: (spec: FunctionSpec) => done.push(`update ${name} ${spec.name}`),
  });
  const at: Running = {
    stack: stackOf(...functions, JOBS, RULE),
    pools: new Map(functions.map((f) => [f.name, pool(f) as unknown as FunctionPool])),
    ensure: async ({ logicalId }) => void done.push(`make ${logicalId}`),
  };
  return { at, done };
}

describe('a deploy while it runs', () => {
  it('makes tables and queues before the code that uses them comes, and gives each function its own', async () => {
    const { at, done } = running(WORKER);
    const [more, queue] = [resource('More', 'AWS::DynamoDB::GlobalTable'), resource('Queue', 'AWS::SQS::Queue')];

    const names = await deploy(at, { stack: stackOf(WORKER, JOBS, more, queue, RULE), specOf });

    expect(names).toEqual(['stack-Worker']);
    expect(done).toEqual(['make Jobs', 'make More', 'make Queue', 'update stack-Worker stack-Worker']);
  });

  it.each([
    ['a function more', [WORKER, resource('Other', 'AWS::Lambda::Function'), JOBS, RULE], 'Other'],
    ['a function less', [JOBS, RULE], 'stack-Worker'],
    ['another rule', [WORKER, JOBS, resource('Rule', 'AWS::Events::Rule', { Rate: 2 })], 'Rule'],
    ['a rule less', [WORKER, JOBS], 'Rule'],
  ])('changes nothing where there is %s, and names it', async (_, resources, named) => {
    const { at, done } = running(WORKER);

    await expect(deploy(at, { stack: stackOf(...resources), specOf })).rejects.toThrow(`start it anew for: ${named}`);
    expect(done).toEqual([]);
  });

  it('changes nothing where the code of a function cannot be had', async () => {
    const { at, done } = running(WORKER);
    const broken = () => {
      throw new Error('no bundle');
    };

    await expect(deploy(at, { stack: at.stack, specOf: broken })).rejects.toThrow('no bundle');
    expect(done).toEqual([]);
  });
});
