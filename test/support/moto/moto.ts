import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { httpEvent } from '../../../local/gateway/http-event.ts';
import { until } from '../../e2e/support.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
const SERVER = join(ROOT, 'test/support/moto/server.py');

/** Whether Python's moto is on this machine, with its server. */
export function hasMoto(): boolean {
  try {
    execFileSync('python3', ['-c', 'import moto, flask'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Moto extends AsyncDisposable {
  readonly url: string;
  /** Runs the CDK CLI to its end with nothing of AWS but this endpoint; throws with its output where it fails. */
  cdk(...args: readonly string[]): Promise<string>;
  /** Calls a function of the stack as API Gateway does, which moto does not emulate. `name` is that of infra/functions.ts. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
  call(name: string, routeKey: string, asked: Asked): Promise<{ readonly status: number; readonly body: any }>;
  /** What a JSON protocol service answers to one call. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
  ask(service: string, target: string, input?: object): Promise<any>;
  /** What CloudFormation answers to one call, as XML. */
  askStacks(action: string, input?: Readonly<Record<string, string>>): Promise<string>;
}

interface Asked {
  readonly body?: object;
  readonly params?: Readonly<Record<string, string>>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

interface Listed {
  readonly Functions: readonly {
    readonly FunctionName: string;
    readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
  }[];
}

const ADMIN = { jwt: { claims: { sub: 'tester', username: 'tester', 'cognito:groups': '[admin]' }, scopes: null } };

/** Starts moto's server (`server.py`). It is the only one who knows anything of AWS here: no other endpoint is in its environment. */
export async function startMoto(): Promise<Moto> {
  const scratch = mkdtempSync(join(tmpdir(), 'tfsync-moto-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const child: ChildProcess = spawn('python3', [SERVER, String(port), process.execPath, scratch], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: scratch },
  });
  let said = '';
  child.stderr?.on('data', (part) => {
    said = `${said}${part}`.slice(-20_000);
  });
  const exited = new Promise((resolve) => child.once('close', resolve));
  await until('moto', async () => {
    if (child.exitCode !== null) throw new Error(`moto has ended: ${said}`);
    return fetch(`${url}/moto-api/data.json`).then(
      (r) => r.ok,
      () => false,
    );
  });

  const aws = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' };
  const run = promisify(execFile);
  const signed = (service: string) => ({
    authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=none`,
  });
  const ask: Moto['ask'] = async (service, target, input = {}) => {
    const headers = { ...signed(service), 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0' };
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(input) })).json();
  };

  return {
    url,
    async cdk(...args) {
      const env = { PATH: process.env.PATH ?? '', HOME: scratch, ...aws, AWS_ENDPOINT_URL: url };
      try {
        const { stdout, stderr } = await run(process.execPath, [join(ROOT, 'node_modules/.bin/cdk'), ...args], {
          cwd: ROOT,
          env,
        });
        return `${stdout}${stderr}`;
      } catch (error) {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }; // of execFile
        throw new Error(`cdk ${args.join(' ')}\n${stdout}${stderr}\nmoto: ${said.slice(-3000)}`);
      }
    },
    async call(name, routeKey, { body, params = {} }) {
      const [method = '', template = ''] = routeKey.split(' ');
      const path = template.replace(/\{(\w+)\}/g, (_, field: string) => params[field] ?? '');
      const event = httpEvent({
        call: {
          method,
          target: path,
          headers: { host: 'elsewhere', 'content-type': 'application/json' },
          body: Buffer.from(body ? JSON.stringify(body) : ''),
          sourceIp: '127.0.0.1',
          requestId: randomUUID(),
          at: new Date(),
        },
        routeKey,
        apiId: 'elsewhere',
        pathParameters: params,
        authorizer: ADMIN,
      });
      const headers = signed('lambda');
      const listed = await fetch(`${url}/2015-03-31/functions/?MaxItems=100`, { headers });
      const { Functions } = (await listed.json()) as Listed;
      const found = Functions.find((f) => f.Environment.Variables.FUNCTION_NAME === name);
      if (!found) throw new Error(`No function ${name} is deployed.`);
      const answer = await fetch(`${url}/2015-03-31/functions/${found.FunctionName}/invocations`, {
        method: 'POST',
        headers,
        body: JSON.stringify(event),
      });
      const result = (await answer.json()) as { statusCode?: number; body: string };
      if (typeof result.statusCode !== 'number') throw new Error(`${name}: ${JSON.stringify(result)}\n${said}`);
      return { status: result.statusCode, body: JSON.parse(result.body) };
    },
    ask,
    async askStacks(Action, input = {}) {
      const form = new URLSearchParams({ Action, Version: '2010-05-15', ...input });
      return (await fetch(url, { method: 'POST', headers: signed('cloudformation'), body: form })).text();
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** What `cdk deploy --outputs-file` wrote. */
export function outputsIn(file: string): Readonly<Record<string, string>> {
  const [outputs] = Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>);
  if (!outputs) throw new Error(`${file} names no stack`);
  return outputs;
}
