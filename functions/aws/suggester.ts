import { BedrockRuntimeClient, ConverseCommand, type ConverseCommandOutput } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SyncError } from '../../lib/model/errors.ts';
import type { Suggester, SuggesterTask } from '../../lib/ports.ts';
import { errorName } from './errors.ts';
import { lazy } from './lazy.ts';

/** One answer is waited for this long, once: the gateway gives up after 30 s, and reading two catalogs takes its part. */
const ANSWER_MS = 14_000;
/** Some 400 proposed columns; longer answers end in the middle and are refused. */
const MOST_TOKENS = 16_000;
/** Four bytes a token, and room for what stands around it. */
const LONGEST_ANSWER = 100_000;

/** HTTP/1.1: of HTTP/2, the client's own choice, only streams would have a use. */
const client = /* @__PURE__ */ lazy(
  () =>
    new BedrockRuntimeClient({
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler({
        connectionTimeout: 2_000,
        requestTimeout: ANSWER_MS,
        throwOnRequestTimeout: true,
      }),
    }),
);

/** A model of Amazon Bedrock, by the Converse API with structured output. No tools: all it can do is answer. */
export function bedrockSuggester(
  model: string,
  bounds: { readonly client: () => BedrockRuntimeClient; readonly answerMs: number } = { client, answerMs: ANSWER_MS },
): Suggester {
  const send = (command: ConverseCommand) =>
    bounds.client().send(command, { abortSignal: AbortSignal.timeout(bounds.answerMs) });
  return { model, ask: (task) => ask(model, task, send) };
}

type Send = (command: ConverseCommand) => Promise<ConverseCommandOutput>;

async function ask(model: string, { name, instructions, data, schema }: SuggesterTask, send: Send): Promise<string> {
  const command = new ConverseCommand({
    modelId: model,
    system: [{ text: instructions }],
    messages: [{ role: 'user', content: [{ text: asData(data) }] }],
    inferenceConfig: { maxTokens: MOST_TOKENS, temperature: 0 },
    outputConfig: {
      textFormat: { type: 'json_schema', structure: { jsonSchema: { name, schema: JSON.stringify(schema) } } },
    },
  });
  const answer = await send(command).catch((cause: unknown) => {
    throw new SyncError('suggestion_failed', errorName(cause), { cause });
  });
  if (answer.stopReason !== 'end_turn') throw failed(`it stopped before its end: ${word(answer.stopReason)}`);
  const text = (answer.output?.message?.content ?? []).map((part) => part.text ?? '').join('');
  if (text === '') throw failed('its answer is empty');
  if (text.length > LONGEST_ANSWER) throw failed(`its answer is longer than ${LONGEST_ANSWER} characters`);
  return text;
}

const failed = (why: string) => new SyncError('suggestion_failed', why);

/** What the other side says may be anything. */
const word = (text: unknown) => /^\w{1,40}$/.exec(String(text))?.[0] ?? 'unknown';

/** Data between marks that it cannot contain itself: every `<` in it is written as its code. */
export const asData = (json: string): string => `<data>\n${json.replaceAll('<', '\\u003c')}\n</data>`;
