import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What the wire does to the next connection that gives it a chance. */
export type WireFault =
  /** Now. */
  | { readonly kind: 'cut' }
  /** After so many bytes to the server. */
  | { readonly kind: 'cut_after'; readonly bytes: number }
  /** As a COMMIT is seen: the server never gets it. */
  | { readonly kind: 'cut_commit' }
  /** The server commits; nobody hears of it. */
  | { readonly kind: 'cut_commit_answer' }
  /** Nothing of one direction arrives for so long, and then the connection is cut. */
  | { readonly kind: 'blackhole'; readonly direction: 'up' | 'down'; readonly ms: number }
  /** Each packet of the server arrives so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The server's answer arrives in pieces of so many bytes. */
  | { readonly kind: 'drip'; readonly bytes: number };

export interface Wire extends AsyncDisposable {
  readonly port: number;
  /** Connections open now. */
  open(): number;
  /** The next connection that fits suffers it, once. */
  arm(fault: WireFault): void;
  disarm(): void;
  /** Faults that were really injected, by kind. */
  readonly injected: Map<WireFault['kind'], number>;
}

/** A simple query `commit`, and the server's CommandComplete for it, as they are on the wire. */
const COMMIT = Buffer.from('commit\0');
const COMMITTED = Buffer.from('COMMIT\0');

/** A wire to a PostgreSQL server that breaks as it is told. No TLS: it looks into what passes. */
export async function startProxy(server: { readonly host: string; readonly port: number }): Promise<Wire> {
  const pairs = new Set<Pair>();
  const injected: Wire['injected'] = new Map();
  let armed: WireFault | undefined;

  /** Takes the armed fault if it is one of these. */
  const take = <K extends WireFault['kind']>(...kinds: K[]): Extract<WireFault, { kind: K }> | undefined => {
    const fault = armed;
    if (!fault || !kinds.includes(fault.kind as K)) return undefined;
    armed = undefined;
    injected.set(fault.kind, (injected.get(fault.kind) ?? 0) + 1);
    return fault as Extract<WireFault, { kind: K }>; // its kind is among them
  };

  const listener = createServer((client) => {
    const pair = join(client, connect(server), take);
    pairs.add(pair);
    pair.closed.then(() => pairs.delete(pair));
  });
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  return {
    port: (listener.address() as AddressInfo).port,
    open: () => pairs.size,
    injected,
    arm(fault) {
      armed = fault;
      if (fault.kind !== 'cut' || pairs.size === 0) return;
      take('cut');
      for (const pair of pairs) pair.cut();
    },
    disarm() {
      armed = undefined;
    },
    async [Symbol.asyncDispose]() {
      for (const pair of pairs) pair.cut();
      await new Promise<void>((done) => void listener.close(() => done()));
    },
  };
}

interface Pair {
  cut(): void;
  readonly closed: Promise<unknown>;
}

type Take = <K extends WireFault['kind']>(...kinds: K[]) => Extract<WireFault, { kind: K }> | undefined;

function join(client: Socket, server: Socket, take: Take): Pair {
  const cut = () => {
    client.destroy();
    server.destroy();
  };
  const state = {
    sent: 0,
    limit: Number.POSITIVE_INFINITY,
    hole: undefined as 'up' | 'down' | undefined,
    answer: false,
  };
  let later = Promise.resolve();

  client.on('data', (data) => {
    const committing = data.includes(COMMIT);
    if (committing && take('cut_commit')) return cut();
    if (committing && take('cut_commit_answer')) state.answer = true;
    const bounded = take('cut_after');
    if (bounded) state.limit = state.sent + bounded.bytes;
    const hole = take('blackhole');
    if (hole) {
      state.hole = hole.direction;
      setTimeout(cut, hole.ms);
    }
    if (state.hole === 'up') return;
    const room = state.limit - state.sent;
    state.sent += data.length;
    server.write(data.subarray(0, Math.max(0, room)));
    if (data.length >= room) server.once('drain', cut) && setImmediate(cut);
  });
  server.on('data', (data) => {
    if (state.answer && data.includes(COMMITTED)) return cut();
    if (state.hole === 'down') return;
    const slow = take('delay', 'drip');
    const parts = slow?.kind === 'drip' ? pieces(data, slow.bytes) : [data];
    const ms = slow?.kind === 'delay' ? slow.ms : 1;
    if (slow) for (const part of parts) later = later.then(() => wait(ms)).then(() => void client.write(part));
    else later = later.then(() => void client.write(data));
  });
  const closed = Promise.all(
    [client, server].map((s) => new Promise<void>((done) => void s.once('close', () => done()))),
  );
  for (const socket of [client, server]) {
    socket.on('error', cut);
    socket.on('close', () => void later.then(cut));
    socket.on('end', () => void later.then(cut));
  }
  return { cut, closed };
}

const wait = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms));

const pieces = (data: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(data.length / size) }, (_, i) => data.subarray(i * size, (i + 1) * size));
