import { isObject, type Json, type JsonObject } from '../json.ts';
import type { Template } from './assembly.ts';

/** What `Ref` and `Fn::GetAtt` give for one resource. */
export interface Identity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ResolverInput {
  readonly template: Template;
  readonly stackName: string;
  /** Parameter values; those left out take the template's default. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Called at most once a resource, and only for resources that something refers to. */
  readonly identify: (logicalId: string, properties: () => JsonObject) => Identity;
}

export interface Resolver {
  /** Properties of one resource without any intrinsic function left in them. */
  properties(logicalId: string): JsonObject;
  /** False when the resource's condition is false: then it does not exist. */
  exists(logicalId: string): boolean;
  identity(logicalId: string): Identity;
  value(expression: Json): Json;
}

/** `AWS::NoValue`: the key it stands at is left out. */
const NO_VALUE = Symbol('AWS::NoValue');
type Resolved = Json | typeof NO_VALUE;

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';

/**
 * Evaluates a template's intrinsic functions the way CloudFormation does.
 *
 * Throws on a function, parameter, resource or attribute it does not know: a wrong guess would show up far away from here.
 */
export function createResolver(input: ResolverInput): Resolver {
  const { template, stackName } = input;
  const identities = new Map<string, Identity>();
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::Region': REGION,
    'AWS::AccountId': ACCOUNT,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stackName,
    'AWS::StackId': `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${stackName}/local`,
  };
  const unknown = Object.keys(input.parameters).filter((name) => !template.Parameters[name]);
  if (unknown.length > 0) throw new Error(`The template has no parameter ${unknown.join(', ')}`);

  function identity(logicalId: string): Identity {
    const known = identities.get(logicalId);
    if (known) return known;
    if (!template.Resources[logicalId]) throw new Error(`Reference to an unknown resource or parameter: ${logicalId}`);
    const made = input.identify(logicalId, () => properties(logicalId));
    identities.set(logicalId, made);
    return made;
  }

  function ref(name: string): Resolved {
    if (name === 'AWS::NoValue') return NO_VALUE;
    if (pseudo[name] !== undefined) return pseudo[name];
    const parameter = template.Parameters[name];
    if (!parameter) return identity(name).ref;
    const value = input.parameters[name] ?? parameter.Default;
    if (value === undefined) throw new Error(`Parameter ${name} has neither a value nor a default`);
    return parameter.Type.includes('List') && typeof value === 'string' ? value.split(',') : value;
  }

  function getAtt(logicalId: string, attribute: string): string {
    const value = identity(logicalId).attributes[attribute];
    if (value === undefined) {
      throw new Error(`${logicalId} (${template.Resources[logicalId]?.Type}) has no attribute ${attribute} here`);
    }
    return value;
  }

  function sub(argument: Json): string {
    const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
    return asText(text, 'Fn::Sub').replace(/\$\{(!?)([^}]+)\}/g, (_whole, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (isObject(variables) && name in variables) return asText(value(variables[name] as Json), name); // JSON all the way down
      const [logicalId, ...attribute] = name.split('.');
      if (logicalId && attribute.length > 0) return getAtt(logicalId, attribute.join('.'));
      return asText(plain(ref(name)), name);
    });
  }

  function condition(name: string): boolean {
    const expression = template.Conditions[name];
    if (expression === undefined) throw new Error(`Unknown condition: ${name}`);
    return value(expression) === true;
  }

  const functions: Readonly<Record<string, (argument: Json) => Resolved>> = {
    Ref: (name) => ref(asText(name, 'Ref')),
    Condition: (name) => condition(asText(name, 'Condition')),
    'Fn::GetAtt': (argument) => {
      const [id, ...attribute] = typeof argument === 'string' ? argument.split('.') : asList(argument);
      return getAtt(asText(id, 'Fn::GetAtt'), attribute.map((part) => asText(value(part), 'Fn::GetAtt')).join('.'));
    },
    'Fn::Sub': sub,
    'Fn::Join': (argument) => {
      const [separator, parts] = asList(argument);
      return asList(value(parts ?? []))
        .map((part) => asText(part, 'Fn::Join'))
        .join(asText(separator, 'Fn::Join'));
    },
    'Fn::Select': (argument) => {
      const [index, list] = asList(argument);
      const found = asList(value(list ?? []))[Number(value(index ?? 0))];
      if (found === undefined) throw new Error('Fn::Select: the index lies outside the list');
      return found;
    },
    'Fn::Split': (argument) => {
      const [separator, text] = asList(argument);
      return asText(value(text ?? ''), 'Fn::Split').split(asText(separator, 'Fn::Split'));
    },
    'Fn::If': (argument) => {
      const [name, yes, no] = asList(argument);
      return evaluate((condition(asText(name, 'Fn::If')) ? yes : no) ?? null);
    },
    'Fn::Equals': (argument) => {
      const [left, right] = asList(argument).map(value);
      return String(left) === String(right);
    },
    'Fn::Not': (argument) => value(asList(argument)[0] ?? false) !== true,
    'Fn::And': (argument) => asList(argument).every((part) => value(part) === true),
    'Fn::Or': (argument) => asList(argument).some((part) => value(part) === true),
    'Fn::Base64': (argument) => Buffer.from(asText(value(argument), 'Fn::Base64')).toString('base64'),
    'Fn::FindInMap': (argument) => {
      const [map, top, second] = asList(argument).map((part) => asText(value(part), 'Fn::FindInMap'));
      const found = template.Mappings[map ?? '']?.[top ?? '']?.[second ?? ''];
      if (found === undefined) throw new Error(`Fn::FindInMap: no ${map}.${top}.${second}`);
      return found;
    },
  };

  function evaluate(expression: Json): Resolved {
    if (Array.isArray(expression)) return expression.map(evaluate).filter((item) => item !== NO_VALUE) as Json[]; // filtered
    if (!isObject(expression)) return expression;
    const [name, ...others] = Object.keys(expression);
    if (name !== undefined && others.length === 0) {
      const call = functions[name];
      if (call) return call(expression[name] as Json); // JSON all the way down
      if (name.startsWith('Fn::')) throw new Error(`Unknown intrinsic function: ${name}`);
    }
    const entries = Object.entries(expression).map(([key, item]) => [key, evaluate(item as Json)] as const); // as above
    return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== NO_VALUE));
  }

  function value(expression: Json): Json {
    return plain(evaluate(expression));
  }

  function properties(logicalId: string): JsonObject {
    const resource = template.Resources[logicalId];
    if (!resource) throw new Error(`Unknown resource: ${logicalId}`);
    return value(resource.Properties) as JsonObject; // an object evaluates to an object
  }

  return {
    properties,
    identity,
    value,
    exists: (logicalId) => {
      const name = template.Resources[logicalId]?.Condition;
      return name === undefined || condition(name);
    },
  };
}

function plain(value: Resolved): Json {
  return value === NO_VALUE ? null : value;
}

function asText(value: Json | undefined, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${where}: expected text, found ${JSON.stringify(value)}`);
}

function asList(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value;
  throw new Error(`Expected a list, found ${JSON.stringify(value)}`);
}
