import { App, CfnParameter, Stack } from 'aws-cdk-lib';
import { Parameters } from '../../../infra/constructs/parameters.ts';
import { code, table } from './markdown.ts';

function values({ type, allowedValues, minValue, maxValue }: CfnParameter): string {
  if (allowedValues) return allowedValues.map(code).join(', ');
  if (minValue === undefined) return type === 'Number' ? 'number' : 'text';
  return maxValue === undefined ? `${minValue} or more` : `${minValue} to ${maxValue}`;
}

function defaultOf({ default: value }: CfnParameter): string {
  if (value === undefined) return '(must be given)';
  return value === '' ? '(empty)' : code(String(value));
}

/** Parameters of the stack as its template declares them. */
export function parameterTable(): string {
  const parameters = new Parameters(new Stack(new App()));
  const found = parameters.node.children.filter((child) => child instanceof CfnParameter);
  return table(
    ['parameter', 'values', 'default', 'meaning'],
    found.map((p) => [code(p.node.id), values(p), defaultOf(p), p.description ?? '']),
  );
}
