import { join } from 'node:path';
import * as z from 'zod';
import type { StackResource } from '../template/stack.ts';
import type { FunctionSpec } from './function-process.ts';

const propertiesSchema = z.looseObject({
  Handler: z.string(),
  Timeout: z.coerce.number().default(3),
  MemorySize: z.coerce.number().default(128),
  ReservedConcurrentExecutions: z.coerce.number().optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()).default({}) }).optional(),
});

/** Where the emulated services answer. */
export interface Endpoints {
  readonly dynamodb: string;
  readonly sqs: string;
  readonly control: string;
  /** Of Amazon Bedrock, or of what stands in for it; absent: the SDK's own. */
  readonly bedrock?: string;
}

export interface FunctionPlaces {
  /** Folder of the unpacked bundle. */
  readonly bundle: string;
  readonly logFolder: string;
  /** HOME and TMPDIR of the function. */
  readonly scratchFolder: string;
}

/**
 * Reads a function from the template.
 *
 * Its environment is what Lambda gives it: the template's variables, the runtime's own, and the SDK's endpoint variables,
 * which are all that tells it where it runs. Nothing of this process's environment gets in but PATH. HOME is an empty
 * folder, so that neither ~/.aws nor ~/.pgpass decides anything.
 */
export function functionSpec(resource: StackResource, endpoints: Endpoints, places: FunctionPlaces): FunctionSpec {
  const properties = propertiesSchema.parse(resource.properties);
  const [module = '', exportName = ''] = properties.Handler.split('.');
  return {
    name: resource.name,
    file: join(places.bundle, `${module}.mjs`),
    exportName,
    timeoutSeconds: properties.Timeout,
    memoryMb: properties.MemorySize,
    ...(properties.ReservedConcurrentExecutions === undefined
      ? {}
      : { reservedConcurrency: properties.ReservedConcurrentExecutions }),
    logFile: join(places.logFolder, `${resource.logicalId}.log`),
    environment: {
      PATH: process.env.PATH ?? '',
      HOME: places.scratchFolder,
      TMPDIR: places.scratchFolder,
      TZ: ':UTC', // as in Lambda
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: resource.name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(properties.MemorySize),
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
      AWS_ENDPOINT_URL_SQS: endpoints.sqs,
      AWS_ENDPOINT_URL_SFN: endpoints.control,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.control,
      AWS_ENDPOINT_URL_SCHEDULER: endpoints.control,
      AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.control,
      ...(endpoints.bedrock && { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: endpoints.bedrock }),
      ...properties.Environment?.Variables,
    },
  };
}
