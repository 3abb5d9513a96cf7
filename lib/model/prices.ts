import type { UsageFigure } from './usage.ts';

/** List prices of one region, in US dollars, before any free tier, discount or tax. */
export const PRICE_REGION = 'us-east-1';

/** The day these prices were gathered. `PRICE_SOURCES` says for each where it is published and what confirmed it. */
export const PRICES_DATE = '2026-11-23';

/** `usd` buys `per` units; a unit is `scale` of what the figures count. */
export interface Price {
  readonly figures: readonly UsageFigure[];
  readonly unit: string;
  readonly scale: number;
  readonly usd: string;
  readonly per: number;
}

const MILLION = 1_000_000;

export const PRICES = {
  'Lambda compute (arm64)': {
    figures: ['lambda_mb_ms'],
    unit: 'GB-second',
    scale: 1_024_000, // MB ms
    usd: '0.0000133334',
    per: 1,
  },
  'Lambda requests': { figures: ['invocations'], unit: 'request', scale: 1, usd: '0.20', per: MILLION },
  'Step Functions': { figures: ['state_transitions'], unit: 'state transition', scale: 1, usd: '0.025', per: 1000 },
  'API Gateway (HTTP API)': { figures: ['api_requests'], unit: 'request', scale: 1, usd: '1.00', per: MILLION },
  SQS: { figures: ['queue_requests'], unit: 'request', scale: 1, usd: '0.40', per: MILLION },
  'Secrets Manager': { figures: ['secret_requests'], unit: 'API call', scale: 1, usd: '0.05', per: 10_000 },
  'DynamoDB reads': { figures: ['read_units'], unit: 'read unit', scale: 1, usd: '0.125', per: MILLION },
  'DynamoDB writes': { figures: ['write_units'], unit: 'write unit', scale: 1, usd: '0.625', per: MILLION },
  'Data between zones': {
    figures: ['source_bytes_received', 'source_bytes_sent', 'target_bytes_received', 'target_bytes_sent'],
    unit: 'GB',
    scale: 2 ** 30, // bytes
    usd: '0.02', // 0.01 where it leaves a zone and 0.01 where it enters one
    per: 1,
  },
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof PRICES;

/**
 * `page`: the list of the service itself. `confirmed`: where the price was read when this file was written, which had no way to
 * the pages themselves: a copy of the page or what somebody wrote who had it before them, and of when that was. Undefined: from
 * memory alone.
 */
export interface PriceSource {
  readonly page: string;
  readonly confirmed?: { readonly by: string; readonly of: string };
}

/** Literals alone, so that a bundle that only reckons leaves them out. */
export const PRICE_SOURCES: Readonly<Record<PriceName, PriceSource>> = {
  'Lambda compute (arm64)': {
    page: 'https://aws.amazon.com/lambda/pricing/',
    confirmed: { by: 'git.mcrn.ar/mariano/lambda_local_runner, lambda-13-cost.md', of: '2026-05-11' },
  },
  'Lambda requests': {
    page: 'https://aws.amazon.com/lambda/pricing/',
    confirmed: { by: 'git.mcrn.ar/mariano/lambda_local_runner, lambda-13-cost.md', of: '2026-05-11' },
  },
  'Step Functions': {
    page: 'https://aws.amazon.com/step-functions/pricing/',
    confirmed: { by: 'a stored copy of the page itself', of: 'undated' },
  },
  'API Gateway (HTTP API)': {
    page: 'https://aws.amazon.com/api-gateway/pricing/',
    confirmed: { by: 'awsforengineers.com/blog/aws-api-gateway-pricing-explained', of: '2025-05-19' },
  },
  SQS: {
    page: 'https://aws.amazon.com/sqs/pricing/',
    confirmed: { by: 'cloudburn.io/blog/amazon-sqs-pricing', of: '2026-03-14' },
  },
  'Secrets Manager': {
    page: 'https://aws.amazon.com/secrets-manager/pricing/',
    confirmed: { by: 'hivebook.wiki, aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms', of: 'undated' },
  },
  'DynamoDB reads': {
    page: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    confirmed: { by: 'airbyte.com/data-engineering-resources/dynamodb-pricing', of: '2025-07-21' },
  },
  'DynamoDB writes': {
    page: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
    confirmed: { by: 'airbyte.com/data-engineering-resources/dynamodb-pricing', of: '2025-07-21' },
  },
  'Data between zones': {
    page: 'https://aws.amazon.com/ec2/pricing/on-demand/',
    confirmed: { by: 'usage.ai/blogs/aws/networking-cost/data-transfer-costs', of: '2026-06-02' },
  },
};
