import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { isObject, type Json, mapStrings } from '../json.ts';

/** What a Task state asks for, besides what the library evaluates itself. */
export interface TaskState {
  readonly name: string;
  readonly resource: string;
  readonly timeoutSeconds?: number;
  readonly heartbeatSeconds?: number;
}

export interface Definition {
  readonly machine: StateMachineDefinition;
  readonly tasks: readonly TaskState[];
}

/** Longest wait that setTimeout takes; a longer one would fire at once. */
const MAX_TIMER_SECONDS = 2_147_483;

/** Fields whose meaning this runner does not have; a machine that uses them must not seem to work. */
const UNSUPPORTED = [
  'TimeoutSecondsPath',
  'HeartbeatSecondsPath',
  'ItemReader',
  'ItemBatcher',
  'ResultWriter',
  'ToleratedFailureCount',
  'ToleratedFailurePercentage',
  'Assign',
  'Arguments',
];

/**
 * Prepares a state machine for aws-local-stepfunctions 3.0.0 by going round what it does otherwise than AWS:
 *
 * - a Task without TimeoutSeconds ends after 60 s there, and never in AWS;
 * - inside a Map, `$$.Execution.Input` and `.StartTime` are those of the iteration; here they become `$$.Run.*`;
 * - `ResultPath: "$"` makes a field named `$`;
 * - `IsPresent: false` and its like never match.
 *
 * Throws on what the library cannot run: JSONata, Distributed Map and the fields of `UNSUPPORTED`.
 */
export function prepareDefinition(source: string): Definition {
  const tasks: TaskState[] = [];
  const json: Json = JSON.parse(source);
  const renamed = mapStrings(json, (text) => text.replace(/\$\$\.Execution\.(Input|StartTime)/g, '$$$$.Run.$1'));
  const machine = prepareMachine(renamed, tasks);
  const timeout = machine.TimeoutSeconds;
  if (typeof timeout === 'number') machine.TimeoutSeconds = Math.min(timeout, MAX_TIMER_SECONDS);
  return { machine: machine as unknown as StateMachineDefinition, tasks }; // asl-validator has seen it in the stack's tests
}

function prepareMachine(machine: unknown, tasks: TaskState[]): Record<string, unknown> {
  if (!isObject(machine) || !isObject(machine.States)) throw new Error('A state machine needs States');
  if (machine.QueryLanguage === 'JSONata') throw new Error('JSONata is not supported here');
  if (isObject(machine.ProcessorConfig) && machine.ProcessorConfig.Mode === 'DISTRIBUTED') {
    throw new Error('Distributed Map is not supported here');
  }
  const states = Object.entries(machine.States).map(([name, state]) => [name, prepareState(name, state, tasks)]);
  return { ...machine, States: Object.fromEntries(states) };
}

function prepareState(name: string, source: unknown, tasks: TaskState[]): Record<string, unknown> {
  if (!isObject(source)) throw new Error(`State ${name} is not an object`);
  const found = UNSUPPORTED.filter((field) => field in source);
  if (found.length > 0 || source.QueryLanguage === 'JSONata') {
    throw new Error(`State ${name} uses ${found.join(', ') || 'JSONata'}, which is not supported here`);
  }
  const state = withoutRootResultPath(source);
  if (Array.isArray(state.Catch)) state.Catch = state.Catch.map(withoutRootResultPath);
  if (Array.isArray(state.Choices)) state.Choices = state.Choices.map(positiveTests);
  if (Array.isArray(state.Branches)) state.Branches = state.Branches.map((b) => prepareMachine(b, tasks));
  for (const field of ['Iterator', 'ItemProcessor']) {
    if (state[field] !== undefined) state[field] = prepareMachine(state[field], tasks);
  }
  if (state.Type !== 'Task') return state;

  const { Resource: resource, TimeoutSeconds: timeout, HeartbeatSeconds: heartbeat } = state;
  tasks.push({
    name,
    resource: String(resource),
    ...(typeof timeout === 'number' ? { timeoutSeconds: timeout } : {}),
    ...(typeof heartbeat === 'number' ? { heartbeatSeconds: heartbeat } : {}),
  });
  state.TimeoutSeconds = Math.min(typeof timeout === 'number' ? timeout : MAX_TIMER_SECONDS, MAX_TIMER_SECONDS);
  return state;
}

function withoutRootResultPath(source: unknown): Record<string, unknown> {
  const copy = { ...(source as Record<string, unknown>) }; // states and catchers are objects
  if (copy.ResultPath === '$') delete copy.ResultPath;
  return copy;
}

const TYPE_TESTS = ['IsNull', 'IsPresent', 'IsNumeric', 'IsString', 'IsBoolean', 'IsTimestamp'];

/** `{Variable, IsPresent: false, Next}` -> `{Not: {Variable, IsPresent: true}, Next}`, also inside And, Or and Not. */
function positiveTests(source: unknown): unknown {
  if (!isObject(source)) return source;
  const rule = { ...source };
  for (const field of ['And', 'Or']) {
    if (Array.isArray(rule[field])) rule[field] = rule[field].map(positiveTests);
  }
  if (rule.Not) rule.Not = positiveTests(rule.Not);
  const test = TYPE_TESTS.find((field) => rule[field] === false);
  if (!test) return rule;
  const { Next: next, Comment: _comment, ...condition } = rule;
  return { Not: { ...condition, [test]: true }, ...(next === undefined ? {} : { Next: next }) };
}
