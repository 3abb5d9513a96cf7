import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ProblemBody } from '../../../lib/model/answers.ts';
import { fetchFile } from '../../download.ts';
import { type AuditFilters, withFilters } from '../../job/audit-filters.ts';
import { saveFile } from '../../save-file.ts';
import { useUi } from '../../ui.ts';
import { Button } from '../action.tsx';
import { ProblemNote } from '../problem.tsx';

interface File {
  readonly text: string;
  readonly path: string;
  readonly name: string;
  /** Its parts put behind each other are the file. */
  readonly whole: boolean;
}

const filesOf = (jobId: string, filters: AuditFilters): readonly File[] => {
  const base = `/api/sync/audit/${encodeURIComponent(jobId)}`;
  const events = (format: string): File => ({
    text: format === 'csv' ? 'Events as CSV' : 'Events as JSON lines',
    path: `${base}/export?${withFilters(filters, { format })}`,
    name: `audit-${jobId}.${format}`,
    whole: true,
  });
  const report = (format: string): File => ({
    text: `Report as ${format.toUpperCase()}`,
    path: `${base}/report?format=${format}`,
    name: `audit-report-${jobId}.${format}`,
    whole: false,
  });
  return [events('jsonl'), events('csv'), report('html'), report('csv'), report('json')];
};

/** Files of the trail: its events as they are filtered, and the report of the whole job. */
export function Exports({ jobId, filters }: { readonly jobId: string; readonly filters: AuditFilters }) {
  const { session } = useUi();
  const busy = useSignal<string | undefined>(undefined);
  const problem = useSignal<ProblemBody | undefined>(undefined);
  const cut = useSignal(false);
  const gone = useRef(new AbortController());
  useEffect(() => () => gone.current.abort(), []);

  const get = async ({ path, name, whole }: File) => {
    busy.value = name;
    problem.value = undefined;
    cut.value = false;
    const how = { token: session.token.peek(), signal: gone.current.signal, whole };
    const found = await fetchFile(path, how).catch(() => undefined);
    if (!found) return; // the page is gone
    busy.value = undefined;
    if (found.kind === 'problem') {
      if (found.problem.status === 401) session.refuse();
      problem.value = found.problem;
      return;
    }
    cut.value = found.cut;
    saveFile(name, found.parts, found.type);
  };
  return (
    <>
      <div class="exports">
        {filesOf(jobId, filters).map((file) => (
          <Button
            key={file.name}
            class="quiet"
            aria-busy={busy.value === file.name}
            disabled={busy.value !== undefined}
            onClick={() => void get(file)}
          >
            {file.text}
          </Button>
        ))}
      </div>
      {cut.value && (
        <p class="note warning" role="status">
          This trail is too long for one answer: the file holds its beginning. <code>tfsync audit</code> puts all parts
          together.
        </p>
      )}
      {problem.value && <ProblemNote problem={problem.value} />}
    </>
  );
}
