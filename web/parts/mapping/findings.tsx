import type { ComponentChildren } from 'preact';
import type { ProposalFinding } from '../../../lib/model/proposal.ts';
import type { Tone } from '../../words.ts';
import { Chip } from '../state.tsx';

const SEVERITY: Readonly<Record<ProposalFinding['severity'], Tone>> = {
  error: 'bad',
  warning: 'warning',
  info: 'waiting',
};
const BY_SEVERITY = ['error', 'warning', 'info'];

interface FindingsProps {
  readonly findings: readonly ProposalFinding[];
  /** What leads to the place in the text that a finding is about. */
  readonly placeOf?: ((finding: ProposalFinding) => ComponentChildren) | undefined;
}

/** What was found in a mapping, the worst first. */
export function Findings({ findings, placeOf }: FindingsProps) {
  const sorted = [...findings].sort((a, b) => BY_SEVERITY.indexOf(a.severity) - BY_SEVERITY.indexOf(b.severity));
  return (
    <ul class="plain">
      {sorted.map((finding) => (
        <li>
          <Chip tone={SEVERITY[finding.severity] ?? 'waiting'} text={finding.severity} /> {placeOf?.(finding)}{' '}
          <strong>{[finding.table, finding.column].filter(Boolean).join('.')}</strong>: {finding.message}{' '}
          <span class="fine">
            {finding.remedy} <code>{finding.code}</code>
          </span>
        </li>
      ))}
    </ul>
  );
}
