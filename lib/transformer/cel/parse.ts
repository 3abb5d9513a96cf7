import { Problem } from '../problem.ts';
import { type Token, tokens } from './lex.ts';
import type { BinarySign, Node } from './node.ts';

/** Bounds of an expression; beyond them it is refused before anything is made of it. */
export const LIMITS = { characters: 4000, nodes: 500, depth: 40, listItems: 200, arguments: 20 } as const;

/** From loose to tight; signs of one line bind alike, from the left. */
const LEVELS: readonly (readonly BinarySign[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Words that CEL keeps for later. */
const RESERVED = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['null', null],
  ['true', true],
  ['false', false],
]);

/** Reads a text of CEL (github.com/google/cel-spec, without maps, bytes and unsigned integers). Throws `Problem`. */
export function parse(text: string): Node {
  if (text.length > LIMITS.characters)
    throw new Problem('expression_limit', `An expression has at most ${LIMITS.characters} characters.`, 0);
  return new Reader(tokens(text)).whole();
}

class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #nodes = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  whole(): Node {
    const node = this.#expression();
    const rest = this.#token();
    if (rest.kind !== 'end') throw unexpected(rest);
    return node;
  }

  #token(): Token {
    return this.#tokens[this.#next] as Token; // the last one is `end`, which is never taken
  }

  /** Takes the next token if it is this sign. */
  #takes(sign: string): boolean {
    const token = this.#token();
    if (token.kind !== 'sign' || token.text !== sign) return false;
    this.#next += 1;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#takes(sign)) throw unexpected(this.#token(), sign);
  }

  #made(node: Node): Node {
    this.#nodes += 1;
    if (this.#nodes > LIMITS.nodes)
      throw new Problem('expression_limit', `An expression has at most ${LIMITS.nodes} parts.`, node.at);
    return node;
  }

  #deeper(read: () => Node): Node {
    this.#depth += 1;
    if (this.#depth > LIMITS.depth)
      throw new Problem('expression_limit', `An expression is at most ${LIMITS.depth} deep.`, this.#token().at);
    const node = read();
    this.#depth -= 1;
    return node;
  }

  #expression(): Node {
    return this.#deeper(() => {
      const test = this.#binary(0);
      if (!this.#takes('?')) return test;
      const then = this.#binary(0);
      this.#expect(':');
      return this.#made({ op: 'choice', at: test.at, test, then, otherwise: this.#expression() });
    });
  }

  #binary(level: number): Node {
    const signs = LEVELS[level];
    if (!signs) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const { text, at, kind } = this.#token();
      const sign = signs.find((s) => s === text && kind === (s === 'in' ? 'name' : 'sign'));
      if (!sign) return left;
      this.#next += 1;
      left = this.#made({ op: 'binary', at, sign, left, right: this.#binary(level + 1) });
    }
  }

  #unary(): Node {
    const { at } = this.#token();
    for (const sign of ['!', '-'] as const) {
      if (this.#takes(sign)) return this.#made({ op: 'unary', at, sign, of: this.#deeper(() => this.#unary()) });
    }
    return this.#postfix(this.#primary());
  }

  #postfix(start: Node): Node {
    let of = start;
    for (;;) {
      const { at } = this.#token();
      if (this.#takes('[')) {
        const index = this.#expression();
        this.#expect(']');
        of = this.#made({ op: 'index', at, of, index });
      } else if (this.#takes('.')) {
        of = this.#member(of);
      } else return of;
    }
  }

  #member(of: Node): Node {
    const { kind, text: name, at } = this.#token();
    if (kind !== 'name') throw unexpected(this.#token(), 'a name');
    this.#next += 1;
    if (!this.#takes('(')) return this.#made({ op: 'field', at, of, name });
    const args = this.#items(')', LIMITS.arguments);
    return this.#made({ op: 'call', at, name, args: [of, ...args], method: true });
  }

  #primary(): Node {
    const token = this.#token();
    const { kind, text, at } = token;
    if (kind === 'number') return this.#number(token);
    if (kind === 'string') return this.#taken({ op: 'literal', at, value: text });
    if (kind === 'name') return this.#name(token);
    if (this.#takes('[')) return this.#made({ op: 'list', at, items: this.#items(']', LIMITS.listItems) });
    if (!this.#takes('(')) throw unexpected(token);
    const node = this.#expression();
    this.#expect(')');
    return node;
  }

  #taken(node: Node): Node {
    this.#next += 1;
    return this.#made(node);
  }

  #number({ text, at }: Token): Node {
    const node = this.#taken({ op: 'number', at, digits: text });
    const after = this.#token();
    const glued = after.kind === 'name' && after.at === at + text.length;
    if (glued && /^u$/i.test(after.text))
      throw new Problem('expression_unsupported', 'Numbers have no unsigned form here: leave out the u.', after.at);
    if (glued) throw unexpected(after);
    return node;
  }

  #name({ text: name, at }: Token): Node {
    this.#next += 1;
    const constant = CONSTANTS.get(name);
    if (constant !== undefined) return this.#made({ op: 'literal', at, value: constant });
    if (RESERVED.has(name) || name === 'in')
      throw new Problem(
        'expression_syntax',
        `${name} is a reserved word.`,
        at,
        `A column of that name is row.${name}.`,
      );
    const after = this.#token();
    if (after.kind === 'string' && /^b$/i.test(name) && after.at === at + 1)
      throw new Problem('expression_unsupported', 'There are no bytes in expressions.', at);
    if (!this.#takes('(')) return this.#made({ op: 'name', at, name });
    return this.#made({ op: 'call', at, name, args: this.#items(')', LIMITS.arguments), method: false });
  }

  /** Expressions between commas, up to and with the closing sign; a comma may stand after the last. */
  #items(close: string, most: number): readonly Node[] {
    const items: Node[] = [];
    while (!this.#takes(close)) {
      if (items.length > 0) {
        this.#expect(',');
        if (this.#takes(close)) break;
      }
      items.push(this.#expression());
      if (items.length > most)
        throw new Problem('expression_limit', `At most ${most} values stand in one list.`, items.at(-1)?.at);
    }
    return items;
  }
}

function unexpected({ kind, text, at }: Token, wanted?: string): Problem {
  const what =
    kind === 'end' ? 'The expression ends here' : kind === 'string' ? 'A string stands here' : `${text} stands here`;
  return new Problem(
    'expression_syntax',
    `${what}${wanted ? `, where ${wanted} is needed` : ' and has no meaning'}.`,
    at,
  );
}
