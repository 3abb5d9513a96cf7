import { Fn } from 'aws-cdk-lib';
import { type CfnPolicy, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Parameters } from './parameters.ts';
import type { ServiceFunction } from './service-function.ts';

/** The right to ask the models that the parameter names, and no others; where it is empty, there is no such policy. */
export function allowModels(fn: ServiceFunction, { suggestionModelArns, hasSuggestionModel }: Parameters): void {
  const policy = new Policy(fn, 'Models', {
    roles: [fn.role],
    statements: [
      new PolicyStatement({ actions: ['bedrock:InvokeModel'], resources: Fn.split(',', suggestionModelArns) }),
    ],
  });
  const resource = policy.node.defaultChild as CfnPolicy; // a Policy is made of one
  resource.cfnOptions.condition = hasSuggestionModel;
}
