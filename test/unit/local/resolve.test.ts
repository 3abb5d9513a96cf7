// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub has these places
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../local/json.ts';
import { parseTemplate } from '../../../local/template/assembly.ts';
import { createResolver } from '../../../local/template/resolve.ts';
import { refuseUnknownTypes } from '../../../local/template/resource-types.ts';

function resolverFor(template: Record<string, unknown>, parameters: Record<string, string> = {}) {
  return createResolver({
    template: parseTemplate({ Resources: {}, ...template }),
    stackName: 'Demo',
    parameters,
    identify: (logicalId) => ({ ref: `ref-${logicalId}`, attributes: { Arn: `arn-${logicalId}`, 'A.B': 'nested' } }),
  });
}

const base = {
  Parameters: {
    Stage: { Type: 'String', Default: 'test' },
    Hosts: { Type: 'CommaDelimitedList', Default: 'a,b' },
    Needed: { Type: 'String' },
  },
  Conditions: {
    IsTest: { 'Fn::Equals': [{ Ref: 'Stage' }, 'test'] },
    IsNotTest: { 'Fn::Not': [{ Condition: 'IsTest' }] },
    Both: { 'Fn::And': [{ Condition: 'IsTest' }, { Condition: 'IsNotTest' }] },
  },
  Mappings: { Sizes: { small: { mb: 128 } } },
  Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { Name: { Ref: 'Stage' } }, Condition: 'IsNotTest' } },
};

const cases: readonly (readonly [string, Json, Json])[] = [
  ['a parameter by its default', { Ref: 'Stage' }, 'test'],
  ['a list parameter', { Ref: 'Hosts' }, ['a', 'b']],
  ['pseudo parameters', { Ref: 'AWS::Region' }, 'us-east-1'],
  ['a resource', { Ref: 'Queue' }, 'ref-Queue'],
  ['an attribute as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn-Queue'],
  ['an attribute as text, with a dot in its name', { 'Fn::GetAtt': 'Queue.A.B' }, 'nested'],
  [
    'Fn::Sub',
    { 'Fn::Sub': '${AWS::StackName}/${Queue}/${Queue.Arn}/${!Literal}' },
    'Demo/ref-Queue/arn-Queue/${Literal}',
  ],
  ['Fn::Sub with variables', { 'Fn::Sub': ['${X}-${Stage}', { X: { Ref: 'Queue' } }] }, 'ref-Queue-test'],
  ['Fn::Join over a nested reference', { 'Fn::Join': [':', ['arn', { Ref: 'AWS::Partition' }, 'x']] }, 'arn:aws:x'],
  ['Fn::Select of Fn::Split', { 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
  ['Fn::If', { 'Fn::If': ['IsTest', 'yes', 'no'] }, 'yes'],
  ['a condition made of conditions', { 'Fn::If': ['Both', 'yes', 'no'] }, 'no'],
  ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', 'small', 'mb'] }, 128],
  [
    'AWS::NoValue leaves its key out',
    { a: 1, b: { Ref: 'AWS::NoValue' }, c: [{ Ref: 'AWS::NoValue' }, 2] },
    { a: 1, c: [2] },
  ],
];

describe('the template resolver', () => {
  it.each(cases)('resolves %s', (_name, expression, expected) => {
    expect(resolverFor(base, { Needed: 'x' }).value(expression)).toEqual(expected);
  });

  it('prefers a given parameter value to the default', () => {
    expect(resolverFor(base, { Stage: 'prod' }).value({ Ref: 'Stage' })).toBe('prod');
  });

  it('leaves out a resource whose condition is false', () => {
    expect(resolverFor(base).exists('Queue')).toBe(false);
    expect(resolverFor(base, { Stage: 'prod' }).exists('Queue')).toBe(true);
  });

  it.each([
    ['a parameter without value', { Ref: 'Needed' }],
    ['an unknown name', { Ref: 'Nobody' }],
    ['an unknown attribute', { 'Fn::GetAtt': ['Queue', 'Colour'] }],
    ['an unknown function', { 'Fn::ImportValue': 'x' }],
  ])('refuses %s', (_name, expression) => {
    expect(() => resolverFor(base).value(expression)).toThrow();
  });

  it('refuses a parameter that the template does not have', () => {
    expect(() => resolverFor(base, { Typo: 'x' })).toThrow(/Typo/);
  });

  it('refuses resource types that nothing here knows, all at once', () => {
    const types = ['AWS::SQS::Queue', 'AWS::S3::Bucket', 'AWS::Kinesis::Stream'];
    expect(() => refuseUnknownTypes(types)).toThrow(/AWS::S3::Bucket, AWS::Kinesis::Stream/);
  });
});
