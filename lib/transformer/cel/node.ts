/** Signs between two operands. */
export type BinarySign = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+' | '-' | '*' | '/' | '%';

/** An expression as it was read; `at` is where it stands in the text. Numbers keep the digits they were written with. */
export type Node = { readonly at: number } & (
  | { readonly op: 'literal'; readonly value: null | boolean | string }
  | { readonly op: 'number'; readonly digits: string }
  | { readonly op: 'name'; readonly name: string }
  | { readonly op: 'field'; readonly of: Node; readonly name: string }
  | { readonly op: 'index'; readonly of: Node; readonly index: Node }
  | { readonly op: 'call'; readonly name: string; readonly args: readonly Node[]; readonly method: boolean }
  | { readonly op: 'list'; readonly items: readonly Node[] }
  | { readonly op: 'unary'; readonly sign: '!' | '-'; readonly of: Node }
  | { readonly op: 'binary'; readonly sign: BinarySign; readonly left: Node; readonly right: Node }
  | { readonly op: 'choice'; readonly test: Node; readonly then: Node; readonly otherwise: Node }
);
