import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ConflictDetail, ConflictView } from '../../lib/model/conflict-answers.ts';
import { conflictsApi, conflictsPath, listQuery } from '../conflict-address.ts';
import { leaveAt } from '../conflict-left.ts';
import { STATE_WORDS, TYPE_WORDS } from '../conflict-words.ts';
import type { PageParams } from '../page-params.ts';
import { DecisionView } from '../parts/conflict/decision-view.tsx';
import { FieldTable } from '../parts/conflict/fields.tsx';
import { Resolver } from '../parts/conflict/resolver.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Chip } from '../parts/state.tsx';
import { When } from '../parts/when.tsx';
import { useLive, useUi } from '../ui.ts';
import '../styles/conflicts.css';

/** One conflict: both rows as they were when the page asked, and the way to decide it. */
export function ConflictPage({ params }: { readonly params: PageParams }) {
  const [jobId, conflictId] = [params.job_id ?? '', params.conflict_id ?? ''];
  const { address } = useUi();
  const query = listQuery(address.url.value.searchParams);
  // Each look reads both databases, so it is one look; a decision is refused where a side has moved since.
  const live = useLive<ConflictDetail>(`${conflictsApi(jobId)}/${encodeURIComponent(conflictId)}`, {
    everyMs: 0,
    isLast: () => true,
  });
  const { body: conflict, problem } = live.state.value;
  const decided = useSignal<ConflictView | undefined>(undefined); // since the page asked
  useEffect(() => {
    if (conflict) leaveAt(jobId, conflict);
    document.title = `${conflict ? `${conflict.table} ${conflict.key.join(', ')}` : 'Conflict'} · TerraFusion Sync`;
  }, [conflict]);

  return (
    <>
      <nav aria-label="Way back" class="back">
        <a href={conflictsPath(jobId, query)}>← Conflicts</a>
      </nav>
      {!conflict && (
        <div class="heading">
          <h1>Conflict</h1>
        </div>
      )}
      {problem && (
        <ProblemNote problem={problem}>
          <button type="button" class="quiet" onClick={live.refresh}>
            Try again
          </button>
        </ProblemNote>
      )}
      {!conflict && !problem && (
        <p class="empty" aria-busy="true">
          Reading both rows…
        </p>
      )}
      {conflict && (
        <>
          <Head conflict={{ ...conflict, ...decided.value }} />
          {conflict.state === 'open' ? (
            <Resolver
              key={live.state.value.changedAtMs}
              jobId={jobId}
              detail={conflict}
              query={query}
              take={takeIn(address.url.value.searchParams)}
              refresh={live.refresh}
              onDecided={(now) => {
                decided.value = now;
              }}
            />
          ) : (
            <>
              <DecisionView conflict={conflict} />
              <FieldTable fields={conflict.fields} sides={conflict.sides} />
            </>
          )}
        </>
      )}
    </>
  );
}

function takeIn(query: URLSearchParams): 'source' | 'target' | undefined {
  const take = query.get('take');
  return take === 'source' || take === 'target' ? take : undefined;
}

function Head({ conflict }: { readonly conflict: ConflictDetail }) {
  const state = STATE_WORDS[conflict.state];
  const type = TYPE_WORDS[conflict.type];
  return (
    <>
      <div class="heading">
        <h1>
          {conflict.table} <span class="key">{conflict.key.join(', ')}</span>
        </h1>
        <Chip tone={state?.tone ?? 'waiting'} text={state?.text ?? conflict.state} title={state?.meaning ?? ''} />
        <span class="chip waiting" title={type?.meaning}>
          {type?.text ?? conflict.type}
        </span>
      </div>
      <p class="why">{conflict.reason}</p>
      <dl class="facts">
        <div>
          <dt>Opened</dt>
          <dd>
            <When at={conflict.opened_at} />
          </dd>
        </div>
        <div>
          <dt>Last seen by a job</dt>
          <dd>
            <When at={conflict.seen_at} />
          </dd>
        </div>
        {conflict.object !== undefined && (
          <div>
            <dt>Refused by</dt>
            <dd>{conflict.object}</dd>
          </div>
        )}
        {conflict.clocks && (
          <>
            <div>
              <dt>{conflict.clocks.column} in the source</dt>
              <dd>{conflict.clocks.source ?? 'NULL'}</dd>
            </div>
            <div>
              <dt>{conflict.clocks.column} in the target</dt>
              <dd>{conflict.clocks.target ?? 'NULL'}</dd>
            </div>
          </>
        )}
      </dl>
    </>
  );
}
