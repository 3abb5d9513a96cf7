import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call of Converse as it arrived. */
export interface ConverseCall {
  readonly model: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into requests of any shape
  readonly body: any;
  readonly text: string;
}

/** What the fake answers: a text of the model, a whole body, or an HTTP error. */
export type ConverseAnswer =
  | string
  | { readonly body: string; readonly status?: number; readonly type?: string }
  | 'never';

export interface FakeBedrock extends AsyncDisposable {
  readonly url: string;
  readonly calls: ConverseCall[];
  /** Answers every call from now on. */
  answer(how: (call: ConverseCall) => ConverseAnswer): void;
}

/** What Amazon Bedrock answers on `POST /model/{modelId}/converse` (REST with JSON bodies). */
export const converseBody = (text: string, stopReason = 'end_turn') =>
  JSON.stringify({
    output: { message: { role: 'assistant', content: [{ text }] } },
    stopReason,
    usage: { inputTokens: 10, outputTokens: 20, totalTokens: 30 },
    metrics: { latencyMs: 5 },
  });

export async function startFakeBedrock(): Promise<FakeBedrock> {
  const calls: ConverseCall[] = [];
  let answering: (call: ConverseCall) => ConverseAnswer = () => '{"tables":[]}';
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const [, model] = /^\/model\/([^/]+)\/converse$/.exec(request.url ?? '') ?? [];
    if (request.method !== 'POST' || model === undefined) return void response.writeHead(404).end();
    const call = { model: decodeURIComponent(model), headers: request.headers, body: JSON.parse(text), text };
    calls.push(call);
    const how = answering(call);
    if (how === 'never') return; // until the caller gives up
    const { body, status = 200, type } = typeof how === 'string' ? { body: converseBody(how) } : how;
    response.writeHead(status, { 'content-type': 'application/json', ...(type && { 'x-amzn-errortype': type }) });
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    answer: (how) => {
      answering = how;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((done) => void server.close(() => done()));
    },
  };
}
