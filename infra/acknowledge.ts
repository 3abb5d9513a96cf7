import { Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Accepts one finding of cdk-nag on this construct and what is below it; `id` is the whole finding, e.g. `AwsSolutions-IAM5[Resource::*]`. */
export function acknowledge(construct: Construct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}
