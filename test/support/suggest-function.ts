import type { Context } from 'aws-lambda';
import { dynamoMappingStore } from '../../functions/aws/dynamo/mapping-store.ts';
import type { MappingStore } from '../../lib/ports.ts';
import { createTables, startDynamo, type TestDynamo } from '../contract/dynamo.ts';
import { apiEvent, type Call } from '../unit/api/client.ts';
import type { TestPair } from './databases.ts';
import { type FakeBedrock, startFakeBedrock } from './fake-bedrock.ts';

export const MODEL = 'arn:aws:bedrock:us-east-1::foundation-model/test.model-v1:0';

/** The function `suggest` as Lambda runs it, with DynamoDB and Amazon Bedrock emulated behind the SDK's own variables. */
export interface SuggestFunction extends AsyncDisposable {
  readonly bedrock: FakeBedrock;
  readonly mappings: MappingStore;
  /** Every item of the registry, as text. */
  readonly dynamo: TestDynamo;
  suggest(pair: Pick<TestPair, 'source' | 'target'>, over?: object): Promise<Answered>;
  call(call: Call): Promise<Answered>;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly json: any;
}

/** `model: false`: a deployment without one. The environment of this process is changed; one at a time. */
export async function startSuggestFunction({ model = true } = {}): Promise<SuggestFunction> {
  const [dynamo, bedrock] = await Promise.all([startDynamo(), startFakeBedrock()]);
  const { registry } = await createTables(dynamo);
  Object.assign(process.env, {
    SERVICE_VERSION: '1.2.3',
    TLS_POLICY: 'as_asked',
    ALLOWED_DATABASE_HOSTS: '*,this-machine',
    DATABASE_CONNECTION_BUDGET: '20',
    REGISTRY_TABLE: registry,
    ROLES_CLAIM: 'cognito:groups',
    ENVIRONMENT_SECRET_PREFIX: 'test/environment/',
    SUGGESTION_MODEL_ARNS: model ? MODEL : '',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrock.url,
  });
  const { handler } = await import('../../functions/api/suggest.ts');
  const call = async (what: Call): Promise<Answered> => {
    const result = await handler(apiEvent(what), {} as Context); // no handler reads the context
    const text = result.body ?? '';
    return { status: result.statusCode ?? 0, text, json: text === '' ? undefined : JSON.parse(text) };
  };
  return {
    bedrock,
    dynamo,
    mappings: dynamoMappingStore({ name: () => registry, client: () => dynamo.client }),
    call,
    suggest: (pair, over = {}) =>
      call({
        path: '/api/sync/mappings/suggest',
        groups: '[operator]',
        body: {
          name: 'county',
          source_connection: pair.source.url,
          target_connection: pair.target.url,
          ...over,
        },
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all([dynamo.close(), bedrock[Symbol.asyncDispose]()]);
    },
  };
}
