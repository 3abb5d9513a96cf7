import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JobStatus, ProblemBody } from '../../../lib/model/answers.ts';
import type { SchemaFinding, TableValidation } from '../../../lib/model/schema-check.ts';
import { callApi } from '../../api.ts';
import { useCommand } from '../../command.ts';
import { useUi } from '../../ui.ts';
import { Action } from '../action.tsx';
import { Copy } from '../copy.tsx';
import { ProblemNote } from '../problem.tsx';
import { Chip } from '../state.tsx';
import { When } from '../when.tsx';

type Found = { readonly validation: TableValidation } | { readonly problem: ProblemBody };

const path = (jobId: string, table: string) =>
  `/api/sync/validate/${encodeURIComponent(jobId)}/${encodeURIComponent(table)}`;

/** What the job found in both catalogs of each table when it was prepared, and what had changed since the job before. */
export function SchemaFindings({ job }: { readonly job: JobStatus }) {
  const { session } = useUi();
  const found = useSignal<ReadonlyMap<string, Found>>(new Map());
  const names = job.tables.map(({ name }) => name);
  useEffect(() => {
    const gone = new AbortController();
    const readAll = async () => {
      for (const name of names) {
        const ask = { token: session.token.peek(), signal: gone.signal };
        const answer = await callApi<TableValidation>(path(job.job_id, name), ask);
        if (answer.kind === 'same') continue;
        const one = answer.kind === 'ok' ? { validation: answer.body } : { problem: answer.problem };
        found.value = new Map(found.value).set(name, one);
      }
    };
    void readAll().catch(() => undefined); // the page is gone
    return () => gone.abort();
  }, [job.job_id, names.length]);

  if (names.length === 0) return <p class="empty">The job has not looked at its tables yet.</p>;
  const settled = [...found.value.values()];
  const clean = settled.filter((f) => 'validation' in f && isClean(f.validation)).length;
  return (
    <section aria-labelledby="schema-title">
      <div class="heading">
        <h2 id="schema-title">Schema findings</h2>
        <p class="fine" role="status">
          {settled.length < names.length ? `${settled.length} of ${names.length} tables read · ` : ''}
          {clean} of {settled.length} alike on both sides
        </p>
      </div>
      {names.map((name) => {
        const one = found.value.get(name);
        if (!one || ('validation' in one && isClean(one.validation))) return null;
        return 'problem' in one ? (
          <div key={name}>
            <h3>{name}</h3>
            <ProblemNote problem={one.problem} />
          </div>
        ) : (
          <TableFindings
            key={name}
            jobId={job.job_id}
            validation={one.validation}
            onFresh={(validation) => {
              found.value = new Map(found.value).set(name, { validation });
            }}
          />
        );
      })}
      {settled.length === names.length && clean === names.length && (
        <p class="empty">Source and target have the same shape in all {names.length} tables.</p>
      )}
    </section>
  );
}

const isClean = ({ findings, drift, fresh }: TableValidation) => findings.length === 0 && drift.length === 0 && !fresh;

interface TableFindingsProps {
  readonly jobId: string;
  readonly validation: TableValidation;
  readonly onFresh: (validation: TableValidation) => void;
}

function TableFindings({ jobId, validation, onFresh }: TableFindingsProps) {
  const { busy, problem, ask } = useCommand();
  const again = async () => {
    const answer = await ask<TableValidation>('again', path(jobId, validation.table), { method: 'POST' });
    if (answer?.kind === 'ok') onFresh(answer.body);
  };
  return (
    <section class="findings">
      <div class="heading">
        <h3>{validation.table}</h3>
        <span class="fine">
          {validation.fresh ? 'looked at ' : 'as the job found it '}
          <When at={validation.checked_at} />
        </span>
        <Action
          to="validateTable"
          class="quiet"
          aria-busy={busy.value !== undefined}
          disabled={busy.value !== undefined}
          onClick={() => void again()}
        >
          Look again now
        </Action>
      </div>
      {problem.value && <ProblemNote problem={problem.value} />}
      {validation.findings.length + validation.drift.length === 0 && <p class="fine">Both sides are alike now.</p>}
      <ul>
        {validation.findings.map((finding) => (
          <Finding key={`${finding.code} ${finding.object}`} finding={finding} />
        ))}
        {validation.drift.map(({ side, change, kind, name, before, after }) => (
          <li key={`${side} ${kind} ${name}`}>
            <Chip tone="waiting" text={change} /> {side}: {kind.replace('_', ' ')} <code>{name}</code>
            {(before !== undefined || after !== undefined) && (
              <span class="fine">
                {' '}
                {before ?? 'nothing'} → {after ?? 'nothing'}
              </span>
            )}
          </li>
        ))}
      </ul>
      {validation.more !== undefined && validation.more > 0 && (
        <p class="fine">{validation.more} more are not listed.</p>
      )}
    </section>
  );
}

const TONES = { error: 'bad', warning: 'warning', info: 'waiting' } as const;

function Finding({ finding }: { readonly finding: SchemaFinding }) {
  const { code, severity, side, object, message, remedy, ddl } = finding;
  return (
    <li>
      <Chip tone={TONES[severity]} text={severity} /> {message}{' '}
      <span class="fine">
        <code>{code}</code> {object}, {side}. {remedy}
      </span>
      {ddl !== undefined && (
        <p class="with-copy">
          <code>{ddl}</code> <Copy text={ddl} what="the statement" />
        </p>
      )}
    </li>
  );
}
