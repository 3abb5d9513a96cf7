/** What an owner runs, with a remark behind `--` where there is one, so that it can be pasted. A quoted name may hold a semicolon. */
const STATEMENT =
  /^(?:GRANT|ALTER ROLE|ALTER TABLE|ALTER PUBLICATION|CREATE PUBLICATION) (?:"(?:[^"]|"")*"|[^";])*;(?: -- .*)?$/;

/** The hints that are statements, each once. */
export const statementsIn = (problems: readonly { readonly hint?: string | undefined }[]): readonly string[] => [
  ...new Set(problems.flatMap(({ hint }) => (hint !== undefined && STATEMENT.test(hint) ? [hint] : []))),
];
