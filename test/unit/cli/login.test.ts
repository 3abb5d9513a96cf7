import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Logins } from '../../../cli/logins.ts';
import { run } from '../../../cli/program.ts';
import { closeServer, listenLoopback } from '../../../local/aws/loopback.ts';
import { createIssuer, type Issuer } from '../../../local/sign-in/issuer.ts';
import { fakeService, tfsync } from './fake-service.ts';

// `tfsync login` against the provider of this machine; what a browser does is done by hand.

const folder = mkdtempSync(join(tmpdir(), 'tf-login-'));
const env = { HOME: folder };
const loginsFile = join(folder, '.config', 'tfsync', 'logins.json');
let server: Server;
let issuer: Issuer;
let port: string;
let passwords: Record<string, string>;

beforeAll(async () => {
  server = createServer((request, response) => issuer.answer(request, response));
  const baseUrl = await listenLoopback(server);
  const accountsFile = join(folder, 'accounts.json');
  issuer = await createIssuer({ baseUrl, keyFile: join(folder, 'key.pem'), accountsFile });
  passwords = JSON.parse(readFileSync(accountsFile, 'utf8'));
  port = String(await freePort());
  issuer.leadBackTo([`http://localhost:${port}/callback`]);
});
afterAll(async () => {
  server.closeAllConnections();
  await closeServer(server);
  rmSync(folder, { recursive: true });
});
beforeEach(() => rmSync(loginsFile, { force: true }));

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => probe.once('listening', listening));
  const { port: free } = probe.address() as AddressInfo; // a TCP server has an object here
  await closeServer(probe);
  return free;
}

const service = () =>
  fakeService(
    { status: 200, body: { sign_in: { issuer: issuer.issuer, client_id: issuer.clientId, scope: 'openid' } } },
    { status: 200, body: { jobs: [] } },
  );

/** Runs `tfsync login`, and lets `person` go on from the address that it prints. */
async function login(url: string, person: (address: string) => Promise<unknown>) {
  const written: string[] = [];
  const interruption = new AbortController();
  let went: Promise<unknown> | undefined;
  const stderr = {
    write: (text: string) => {
      written.push(text);
      const address = /^ {2}(http\S+)$/m.exec(text)?.[1];
      if (address) went = person(address).catch(() => interruption.abort());
    },
  };
  const code = await run(['--url', url, 'login', '--port', port], {
    env,
    cwd: '/nowhere',
    stdin: Readable.from([]),
    stdout: { write: () => {} },
    stderr,
    fetch,
    now: () => 0,
    pause: async () => {},
    interrupted: interruption.signal,
  });
  await went;
  return { code, stderr: written.join('') };
}

/** What a browser does until the provider leads it back; the address that it is led to. */
async function throughTheForm(address: string, role: string): Promise<string> {
  const cookies = new Map<string, string>();
  const ask = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { accept: 'text/html', cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const next = answer.headers.get('location');
    return next?.startsWith('/') || next?.startsWith(issuer.issuer) ? ask(new URL(next, url).href) : answer;
  };
  const action = /action="([^"]+)"/.exec(await (await ask(address)).text())?.[1] ?? '';
  const body = new URLSearchParams({ name: role, password: passwords[role] ?? '' });
  const back = await ask(new URL(action, issuer.issuer).href, { method: 'POST', body });
  return (back.headers.get('location') ?? '').replace('localhost', '127.0.0.1'); // as a browser resolves it
}

describe('tfsync login', () => {
  test('gets a token by the browser, keeps it for its owner alone, and other commands send it', async () => {
    await using api = await service();
    let shown = '';

    const { code, stderr } = await login(api.url, async (address) => {
      shown = await (await fetch(await throughTheForm(address, 'operator'))).text();
    });
    const jobs = await tfsync(['--url', api.url, 'jobs'], { env });
    const elsewhere = new Logins(env).of(new URL('https://other.example'));

    expect([code, jobs.code]).toEqual([0, 0]);
    expect(stderr).toMatch(/Signed in as local-operator until \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\./);
    expect(shown).toContain('Close this window');
    const kept = JSON.parse(readFileSync(loginsFile, 'utf8'));
    expect(Object.keys(kept)).toEqual([api.url]);
    expect(api.calls[1]?.headers.authorization).toBe(`Bearer ${kept[api.url].token}`);
    expect(Object.keys(kept[api.url]).sort()).toEqual(['expires_at_ms', 'issuer', 'name', 'token']);
    expect(statSync(loginsFile).mode & 0o777).toBe(0o600);
    expect(stderr).not.toContain(kept[api.url].token);
    expect(elsewhere).toBeUndefined();
  });

  test('waits on when somebody else calls, and gives them nothing', async () => {
    await using api = await service();
    const others: number[] = [];

    const { code } = await login(api.url, async (address) => {
      const at = `http://127.0.0.1:${port}`;
      for (const path of [
        '/',
        '/callback',
        '/callback?code=x&state=forged',
        '/callback?error=access_denied&state=forged',
      ])
        others.push((await fetch(at + path)).status);
      await fetch(await throughTheForm(address, 'viewer'));
    });

    expect(others).toEqual([400, 400, 400, 400]);
    expect(code).toBe(0);
  });

  test('says what the provider says, and keeps nothing', async () => {
    await using api = await service();

    const { code, stderr } = await login(api.url, async (address) => {
      const state = new URL(address).searchParams.get('state');
      await fetch(`http://127.0.0.1:${port}/callback?state=${state}&error=access_denied&error_description=no%1b[31m`);
    });

    expect(code).toBe(2);
    expect(stderr).toContain('The sign-in was given up, or the identity provider refused it.');
    expect(stderr).not.toContain('\u001b');
    expect(new Logins(env).of(new URL(api.url))).toBeUndefined();
  });

  test('ends with Ctrl-C', async () => {
    await using api = await service();

    expect((await login(api.url, () => Promise.reject(new Error('Ctrl-C')))).code).toBe(130);
  });

  test.each([
    ['a service that names no client', { sign_in: null }, 'names no client', 2],
    ['what is no service', { hello: 1 }, 'does not say how to sign in', 1],
  ])('of %s is refused', async (_, body, text, exit) => {
    await using api = await fakeService({ status: 200, body });

    const { code, stderr } = await tfsync(['--url', api.url, 'login', '--port', port], { env });

    expect([code, stderr]).toEqual([exit, expect.stringContaining(text)]);
  });

  test('of a service that is called unencrypted is refused before anything is asked', async () => {
    const { code, stderr } = await tfsync(['--url', 'http://sync.county.example', 'login', '--port', port], { env });

    expect([code, stderr]).toEqual([2, expect.stringContaining('unencrypted')]);
  });

  test('says when its port is taken', async () => {
    await using api = await service();
    const other = createServer().listen(Number(port), '127.0.0.1');
    await new Promise((listening) => other.once('listening', listening));

    const { code, stderr } = await tfsync(['--url', api.url, 'login', '--port', port], { env });
    await closeServer(other);

    expect([code, stderr]).toEqual([1, expect.stringContaining(`Port ${port}`)]);
  });
});

describe('a login', () => {
  const url = new URL('https://sync.county.example');
  const kept = { token: 't1', name: 'ada', issuer: 'https://id.example', expires_at_ms: Date.now() + 60_000 };

  test('that has ended is not used, and --token-file and TFSYNC_TOKEN come before one', async () => {
    await using api = await fakeService({ status: 200, body: { jobs: [] } });
    const logins = new Logins(env);
    const sent = async (more: Record<string, string> = {}) => {
      await tfsync(['--url', api.url, 'jobs'], { env: { ...env, ...more } });
      return api.calls.at(-1)?.headers.authorization;
    };

    logins.keep(new URL(api.url), kept);
    expect(await sent()).toBe('Bearer t1');
    expect(await sent({ TFSYNC_TOKEN: 't2' })).toBe('Bearer t2');
    logins.keep(new URL(api.url), { ...kept, expires_at_ms: Date.now() - 1 });
    expect(await sent()).toBeUndefined();
  });

  test('is forgotten by logout, for this service alone', async () => {
    const logins = new Logins(env);
    logins.keep(url, kept);
    logins.keep(new URL('https://other.example'), kept);

    const first = await tfsync(['--url', url.href, 'logout'], { env });
    const second = await tfsync(['--url', url.href, 'logout'], { env });

    expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('Signed out of sync.county.example')]);
    expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('Not signed in')]);
    expect(logins.of(url)).toBeUndefined();
    expect(logins.of(new URL('https://other.example'))).toEqual(kept);
  });
});
