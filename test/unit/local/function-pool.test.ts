import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createFunctionPool, type FunctionPool } from '../../../local/lambda/function-pool.ts';
import type { FunctionSpec } from '../../../local/lambda/function-process.ts';
import { functionSpec } from '../../../local/lambda/function-spec.ts';

const SOURCE = `
export async function handler(event, context) {
  switch (event.do) {
    case 'echo': return { event, pid: process.pid, name: context.functionName, left: context.getRemainingTimeInMillis() > 0 };
    case 'env': return process.env;
    case 'throw': { const e = new Error('bad row'); e.name = 'row_invalid'; throw e; }
    case 'exit': process.exit(3);
    case 'hang': return new Promise(() => setInterval(() => {}, 1e6));
    case 'grow': { const kept = []; setInterval(() => kept.push(Buffer.alloc(32e6, 1)), 5); return new Promise(() => {}); }
    case 'large': return 'x'.repeat(7e6);
    case 'print': console.log('printed'); return null;
  }
}`;

const DEMO = {
  name: 'demo',
  exportName: 'handler',
  environment: { PATH: process.env.PATH ?? '' },
  timeoutSeconds: 20,
  memoryMb: 1024,
} as const;

let folder: string;
const pools: FunctionPool[] = [];

function pool(changes: Partial<FunctionSpec> = {}): FunctionPool {
  const made = createFunctionPool({
    ...DEMO,
    file: join(folder, 'index.mjs'),
    logFile: join(folder, 'demo.log'),
    ...changes,
  });
  pools.push(made);
  return made;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tf-pool-'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.mjs'), SOURCE);
});
afterAll(async () => {
  await Promise.all(pools.map((one) => one.stop()));
  rmSync(folder, { recursive: true });
});

describe('a function pool', () => {
  it('uses a process again, and starts another one while it is busy', async () => {
    const functions = pool();
    const first = await functions.invoke({ do: 'echo' });
    const again = await functions.invoke({ do: 'echo' });
    const both = await Promise.all([functions.invoke({ do: 'echo' }), functions.invoke({ do: 'echo' })]);
    const pids = [first, again, ...both].map((result) => (result as { pid: number }).pid);

    expect(first).toMatchObject({ event: { do: 'echo' }, name: '', left: true });
    expect(pids[1]).toBe(pids[0]);
    expect(new Set(pids).size).toBe(2);
    expect(functions.figures().peakBytes).toBeGreaterThan(20e6);
  });

  it('gives a function its template variables and none of this process', async () => {
    process.env.TF_LEAK = 'secret';
    const resource = {
      logicalId: 'Demo',
      type: 'AWS::Lambda::Function',
      name: 'stack-demo',
      identity: { ref: 'stack-demo', attributes: {} },
      properties: { Handler: 'index.handler', Environment: { Variables: { MINE: 'yes' } } },
    };
    const endpoints = { dynamodb: 'http://d', sqs: 'http://q', control: 'http://c' };
    const spec = functionSpec(resource, endpoints, { bundle: folder, logFolder: folder, scratchFolder: folder });
    const env = (await pool(spec).invoke({ do: 'env' })) as Record<string, string>;
    delete process.env.TF_LEAK;

    expect(env).toMatchObject({
      MINE: 'yes',
      AWS_LAMBDA_FUNCTION_NAME: 'stack-demo',
      AWS_ENDPOINT_URL_SQS: 'http://q',
    });
    expect(Object.keys(env).filter((name) => !/^(AWS_|NODE_CHANNEL|PATH|HOME|TMPDIR|TZ|MINE)/.test(name))).toEqual([]);
  });

  it('fails an invocation under the name of the error that was thrown', async () => {
    await expect(pool().invoke({ do: 'throw' })).rejects.toMatchObject({
      errorType: 'row_invalid',
      message: 'bad row',
    });
  });

  it('kills a function that runs over its time', async () => {
    await expect(pool({ timeoutSeconds: 0.05 }).invoke({ do: 'hang' })).rejects.toMatchObject({
      errorType: 'Sandbox.Timedout',
    });
  });

  it('fails the invocation of a process that ends, and goes on with another one', async () => {
    const functions = pool();

    await expect(functions.invoke({ do: 'exit' })).rejects.toMatchObject({ errorType: 'Runtime.ExitError' });
    await expect(functions.invoke({ do: 'echo' })).resolves.toMatchObject({ event: { do: 'echo' } });
    expect(functions.figures()).toMatchObject({ invocations: 2, errors: 1, crashes: 1 });
  });

  it.runIf(process.platform === 'linux')('kills a function that uses more memory than it has', async () => {
    const failed = await pool({ memoryMb: 128 })
      .invoke({ do: 'grow' })
      .catch((error) => error);

    expect(failed).toMatchObject({ errorType: 'Runtime.ExitError', message: expect.stringContaining('128 MB') });
  });

  it('refuses an answer of more than 6 MB, and a bundle that cannot be loaded', async () => {
    await expect(pool().invoke({ do: 'large' })).rejects.toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
    await expect(pool({ exportName: 'nobody' }).invoke({})).rejects.toMatchObject({ errorType: 'TypeError' });
  });

  it('refuses what goes beyond the reserved concurrency', async () => {
    const functions = pool({ reservedConcurrency: 1 });
    const first = functions.invoke({ do: 'echo' });

    await expect(functions.invoke({ do: 'echo' })).rejects.toMatchObject({ errorType: 'TooManyRequestsException' });
    await first;
  });

  it('has other code from the next invocation on, while those under way end with theirs', async () => {
    const of = (version: string) => {
      const file = join(folder, `${version}.mjs`);
      const gate = join(folder, 'gate');
      writeFileSync(
        file,
        `import { existsSync } from 'node:fs';
         export async function handler({ wait }) {
           while (wait && !existsSync(${JSON.stringify(gate)})) await new Promise((r) => setTimeout(r, 5));
           return { version: '${version}', pid: process.pid };
         }`,
      );
      return { ...spec, file };
    };
    const spec = { ...DEMO, logFile: join(folder, 'update.log') };
    const functions = pool(of('one'));
    const under = functions.invoke({ wait: true });
    const idle = (await functions.invoke({})) as { pid: number };

    functions.update(of('two'));

    expect(await functions.invoke({})).toMatchObject({ version: 'two' });
    writeFileSync(join(folder, 'gate'), '');
    expect(await under).toMatchObject({ version: 'one' });
    expect(await Promise.all([functions.invoke({}), functions.invoke({})])).toMatchObject([
      { version: 'two' },
      { version: 'two' },
    ]);
    await vi.waitFor(() => expect(functions.processes().map(({ pid }) => pid)).not.toContain(idle.pid));
    await vi.waitFor(() => expect(functions.processes()).toHaveLength(2));
    expect(functions.figures()).toMatchObject({ errors: 0, crashes: 0 });
  });

  it('writes what the function prints to its log, and leaves no process behind', async () => {
    const functions = pool({ logFile: join(folder, 'print.log') });
    await functions.invoke({ do: 'print' });
    const [before] = functions.processes();
    await functions.stop();

    expect(readFileSync(join(folder, 'print.log'), 'utf8')).toBe('printed\n');
    expect(() => process.kill(before?.pid ?? 0, 0)).toThrow();
  });
});
