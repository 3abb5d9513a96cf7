import type { ProposalFinding } from '../../lib/model/proposal.ts';
import type { MappingCheck } from '../../lib/model/suggestion.ts';

/** What two databases said of a mapping. */
export interface Checked {
  readonly found: MappingCheck;
  /** The mapping as text, as it was then. */
  readonly text: string;
}

const step = (text: string) => text.replaceAll('~', '~0').replaceAll('/', '~1');

/** JSON Pointer into a mapping of what a finding is about. */
export const pointerOf = ({ table, column }: Pick<ProposalFinding, 'table' | 'column'>): string =>
  `/${step(table)}${column === undefined ? '' : `/columns/${step(column)}`}`;

export const errorsIn = ({ findings }: Pick<MappingCheck, 'findings'>): number =>
  findings.filter(({ severity }) => severity === 'error').length;

/** What the check came to, in a sentence. */
export function verdictOf(found: Pick<MappingCheck, 'findings'>): string {
  const errors = errorsIn(found);
  if (errors > 0) return `A job with it would be refused: ${errors} ${errors === 1 ? 'error' : 'errors'}.`;
  const lossy = found.findings.some(({ severity }) => severity === 'warning');
  return lossy
    ? 'A job with it would be refused, unless it allows values to lose something (allow_lossy).'
    : 'Nothing speaks against it.';
}

/** What whoever approves a version is told of its check. */
export function beforeApproval(
  checked: Checked | undefined,
  stored: readonly ProposalFinding[],
  written: boolean,
): string {
  if (checked) return `Checked on this page: ${verdictOf(checked.found)}`;
  const errors = errorsIn({ findings: [...stored] });
  if (errors > 0) return `When it was stored, ${errors} ${errors === 1 ? 'error was' : 'errors were'} found in it.`;
  return written
    ? 'It was compared with no database on this page: a table or column that is not there would end the next job.'
    : '';
}
