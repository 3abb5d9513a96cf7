import { near } from '../model/near.ts';
import type { Node } from './cel/node.ts';
import { parse } from './cel/parse.ts';
import { columnTerm } from './column-term.ts';
import { alike, asChosen, forms, widest } from './forms.ts';
import type { ExpressionFunction, Parameter } from './functions/function.ts';
import { expressionFunctions } from './functions/registry.ts';
import { binary, unary, within } from './operators.ts';
import { outermost } from './outermost.ts';
import { caught, Problem, placed } from './problem.ts';
import { constant, numberConstant, textConstant } from './sql.ts';
import type { Compiled, ExpressionEnv } from './sql-expression.ts';
import { tame } from './tame.ts';
import { closed, free, sized, strict, type Term } from './term.ts';

/**
 * SQL of an expression in CEL (docs/expressions.md), checked against the columns it may name. Never throws, whatever the
 * text; what is wrong with it comes back with its place.
 */
export function compileExpression(text: string, env: ExpressionEnv): Compiled {
  return caught(() => outermost(termOf(parse(text), env)));
}

const FUNCTIONS: ReadonlyMap<string, ExpressionFunction> = new Map(expressionFunctions.map((f) => [f.name, f]));
const FORMS = new Map(forms.map((f) => [f.name, f]));
const NAMES = [...FUNCTIONS.keys(), ...FORMS.keys()];
/** Of CEL, but without SQL of bounded length. */
const COMPREHENSIONS = new Set(['all', 'exists', 'exists_one', 'existsOne', 'map', 'filter', 'bind', 'reduce']);

/** A number is written with at most so many digits, exponent included. */
const MOST_WRITTEN_DIGITS = 1000;

function termOf(node: Node, env: ExpressionEnv): Term {
  return sized(
    placed(node.at, () => made(node, env)),
    node.at,
  );
}

function made(node: Node, env: ExpressionEnv): Term {
  const of = (n: Node) => termOf(n, env);
  switch (node.op) {
    case 'literal':
      return literalTerm(node.value);
    case 'number':
      return numberTerm(node.digits);
    case 'name':
      return column(node.name, env, node.at);
    case 'field':
    case 'index':
      return member(node, env);
    case 'call':
      return called(node, env);
    case 'list':
      throw new Problem('expression_unsupported', 'A list stands only behind `in`.');
    case 'unary':
      return unary(node.sign, of(node.of));
    case 'choice':
      return choice(of(node.test), of(node.then), of(node.otherwise));
    default:
      return node.sign === 'in' ? among(node.left, node.right, env) : binary(node.sign, of(node.left), of(node.right));
  }
}

const plain = { nullable: false, fallible: false, inputs: [] } as const;

function literalTerm(value: null | boolean | string): Term {
  if (value === null) return { ...plain, kind: 'null', sql: 'null', nullable: true };
  if (typeof value === 'boolean') return { ...plain, kind: 'bool', sql: constant('bool', String(value)) };
  return { ...plain, kind: 'text', sql: textConstant(value), characters: [...value].length, constant: value };
}

function numberTerm(written: string): Term {
  const hex = /^0x/i.test(written);
  const digits = hex ? String(BigInt(written)) : written;
  const [, before = '', after = '', exponent = '0'] = /^(\d+)(?:\.(\d+))?(?:e([-+]?\d+))?$/i.exec(digits) ?? [];
  const shift = Number(exponent);
  if (before.length + after.length + Math.abs(shift) > MOST_WRITTEN_DIGITS)
    throw new Problem('expression_limit', `A number has at most ${MOST_WRITTEN_DIGITS} digits.`);
  const bounds = {
    whole: Math.max(1, before.length + shift),
    scale: Math.max(0, after.length - shift),
    integer: hex || /^\d+$/.test(digits),
  };
  return { ...plain, kind: 'number', sql: numberConstant(digits), digits: bounds, constant: digits };
}

function column(name: string, env: ExpressionEnv, at: number): Term {
  const found = env.columns.find((c) => c.name === name);
  if (found) return columnTerm(found, env);
  const like = near(
    name,
    env.columns.map((c) => c.name),
  );
  const hint =
    like === undefined ? undefined : `Is it ${/^[A-Za-z_]\w*$/.test(like) ? like : `row[${JSON.stringify(like)}]`}?`;
  throw new Problem('expression_field', `There is no column ${name}.`, at, hint);
}

function member(node: Node & { op: 'field' | 'index' }, env: ExpressionEnv): Term {
  if (node.of.op !== 'name' || node.of.name !== 'row')
    throw new Problem('expression_type', 'Only row has fields.', node.at, 'Of a json column: path(column, "key").');
  if (node.op === 'field') return column(node.name, env, node.at);
  if (node.index.op !== 'literal' || typeof node.index.value !== 'string')
    throw new Problem('expression_constant', 'The name of a column is written as row["name"].', node.index.at);
  return column(node.index.value, env, node.index.at);
}

function among(value: Node, list: Node, env: ExpressionEnv): Term {
  if (list.op !== 'list') throw new Problem('expression_type', 'Behind `in` stands a list.', list.at);
  return within(
    termOf(value, env),
    list.items.map((item) => termOf(item, env)),
  );
}

function choice(condition: Term, one: Term, other: Term): Term {
  if (condition.kind !== 'bool') throw new Problem('expression_type', `A condition is no ${condition.kind}.`);
  const test = closed(condition);
  const [a, b] = alike([one, other]).map(closed) as [Term, Term];
  const sql = `(case ${test.sql} when true then ${a.sql} when false then ${b.sql} end)`;
  const own =
    a.failed || b.failed
      ? `(case ${test.sql} when true then ${a.failed ?? 'false'} when false then ${b.failed ?? 'false'} else false end)`
      : undefined;
  const nullable = test.nullable || a.nullable || b.nullable;
  return asChosen(free({ ...widest([a, b]), sql }, nullable, [test], own), sql);
}

function called(node: Node & { op: 'call' }, env: ExpressionEnv): Term {
  const { name } = node;
  const form = FORMS.get(name);
  const known = FUNCTIONS.get(name);
  if (!form && !known) throw unknownFunction(name);
  const args = node.args.map((a) => termOf(a, env));
  if (known) return applied(known, node, args, env);
  if (!form || args.length < form.least || args.length > form.most)
    throw new Problem('expression_type', `${name} is written ${name}(${form?.takes}).`);
  return form.build(args);
}

function unknownFunction(name: string): Problem {
  if (COMPREHENSIONS.has(name)) return new Problem('expression_unsupported', `${name} has no SQL.`);
  const like = near(name, NAMES);
  return new Problem('expression_function', `There is no function ${name}.`, undefined, like && `Is it ${like}?`);
}

function applied(f: ExpressionFunction, node: Node & { op: 'call' }, args: readonly Term[], env: ExpressionEnv): Term {
  const { parameters } = f;
  if (args.length < (f.required ?? parameters.length) || (args.length > parameters.length && !f.repeats))
    throw new Problem('expression_type', `${f.name} is written ${signature(f)}.`);
  const fitting = args.map((arg, i) =>
    placed(node.args[i]?.at ?? node.at, () => fitted(arg, parameters[i] ?? (parameters.at(-1) as Parameter), f)),
  );
  return strict(f.build(fitting, env), fitting);
}

function fitted(arg: Term, parameter: Parameter, f: ExpressionFunction): Term {
  const { name, kinds } = parameter;
  if (!kinds.includes(arg.kind))
    throw new Problem('expression_type', `${name} of ${f.name} is ${kinds.join(' or ')}, not ${arg.kind}.`);
  if (parameter.integer && !arg.digits?.integer)
    throw new Problem('expression_type', `${name} of ${f.name} is a whole number.`, undefined, 'Convert it: int(x).');
  if (parameter.constant && arg.constant === undefined)
    throw new Problem('expression_constant', `${name} of ${f.name} must be written out.`);
  return tame(arg);
}

/** How a call of the function is written, for people. */
export function signature(f: ExpressionFunction): string {
  const required = f.required ?? f.parameters.length;
  const names = f.parameters.map((p, i) => (i < required ? p.name : `[${p.name}]`));
  return `${f.name}(${names.join(', ')}${f.repeats ? ', ...' : ''})`;
}
