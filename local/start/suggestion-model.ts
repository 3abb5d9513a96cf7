import type { ServiceOptions } from '../service.ts';

/**
 * The language model of a service on this machine: what TFSYNC_SUGGESTION_MODEL_ARNS names, at the address that the SDK's own
 * variable has. Without an address there is none, because functions here have no credentials of AWS.
 */
export function suggestionModel(
  env: Readonly<Record<string, string | undefined>>,
): Pick<ServiceOptions, 'bedrockUrl' | 'parameters'> {
  const { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: bedrockUrl, TFSYNC_SUGGESTION_MODEL_ARNS: arns } = env;
  return bedrockUrl && arns ? { bedrockUrl, parameters: { SuggestionModelArns: arns } } : {};
}
