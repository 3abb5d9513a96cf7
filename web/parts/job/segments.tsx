import { useSignal } from '@preact/signals';
import type { JobStatus, TableDetail, TableStatus } from '../../../lib/model/answers.ts';
import { number } from '../../../lib/model/figures.ts';
import { begunFirst, SEGMENT_WORDS, segmentCounts, segmentLines } from '../../job/segment-words.ts';
import { useLive } from '../../ui.ts';
import { PageStates } from '../page-states.tsx';
import { Chip } from '../state.tsx';
import { When } from '../when.tsx';
import { isIdle } from './overview.tsx';

const EVERY_MS = 2000;

interface SegmentsProps {
  readonly job: JobStatus;
  readonly tables: readonly TableStatus[];
}

/** How the work on each table is cut up; the segments of one that somebody asks for. */
export function Segments({ job, tables }: SegmentsProps) {
  const chosen = useSignal<string | undefined>(undefined);
  return (
    <div class="scroll">
      <table class="cards segments">
        <caption class="only-read">Segments of the tables</caption>
        <thead>
          <tr>
            <th scope="col">Table</th>
            <th scope="col">Pass</th>
            <th scope="col" class="figure" title="Tables of a level wait for those of the levels before">
              Level
            </th>
            <th scope="col" class="figure">
              Segments done
            </th>
            <th scope="col" class="figure">
              Rows, estimated
            </th>
            <th scope="col" class="figure" title="Rows that moved while the job ran and still do">
              Still moving
            </th>
          </tr>
        </thead>
        <tbody>
          {tables.map((t) => {
            const open = chosen.value === t.name;
            return [
              <tr key={t.table}>
                <th scope="row">{t.name}</th>
                <td data-label="Pass">{t.pass}</td>
                <td class="figure" data-label="Level">
                  {t.level}
                </td>
                <td class="figure" data-label="Segments done">
                  {t.segments.total === 0 ? (
                    'none'
                  ) : (
                    <button
                      type="button"
                      class="quiet"
                      aria-expanded={open}
                      aria-label={`${t.segments.done} of ${t.segments.total}: segments of ${t.name}`}
                      onClick={() => {
                        chosen.value = open ? undefined : t.name;
                      }}
                    >
                      {t.segments.done} of {t.segments.total}
                    </button>
                  )}
                </td>
                <td class="figure" data-label="Rows, estimated">
                  {number(Math.max(0, t.rows_estimate))}
                </td>
                <td class="figure" data-label="Still moving">
                  {number(t.in_flight ?? 0)}
                </td>
              </tr>,
              open && (
                <tr key={`${t.table} segments`} class="within">
                  <td colSpan={6}>
                    <SegmentsOf key={isIdle(job) ? 'ended' : 'live'} job={job} table={t.name} />
                  </td>
                </tr>
              ),
            ];
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Segments that are listed; the strip and the counts are of all. */
const MOST_LISTED = 50;

/** Each segment of one table, while somebody looks. */
function SegmentsOf({ job, table }: { readonly job: JobStatus; readonly table: string }) {
  const idle = isIdle(job);
  const path = `/api/sync/status/${encodeURIComponent(job.job_id)}/${encodeURIComponent(table)}`;
  const { state } = useLive<TableDetail>(path, { everyMs: EVERY_MS, isLast: () => idle });
  const { body } = state.value;
  const lines = body ? segmentLines(body, idle) : [];
  const begun = begunFirst(lines);
  return (
    <>
      <PageStates state={state.value} what="the segments" />
      {body && (
        <p class="fine" role="status">
          {table}, pass {body.pass}: {segmentCounts(lines)}.
          {begun.length > MOST_LISTED &&
            ` The first ${MOST_LISTED} are listed, those at work before those that are done.`}
        </p>
      )}
      <div class="strip" aria-hidden="true">
        {lines.map(({ segment, state }) => (
          <span
            key={segment}
            class={SEGMENT_WORDS[state].tone}
            title={`${segment + 1}: ${SEGMENT_WORDS[state].text}`}
          />
        ))}
      </div>
      {begun.length > 0 && (
        <table class="cards segment-list">
          <caption class="only-read">Segments of {table} that have begun</caption>
          <thead>
            <tr>
              <th scope="col">Segment</th>
              <th scope="col">State</th>
              <th scope="col" class="figure">
                Compared
              </th>
              <th scope="col" class="figure">
                Written
              </th>
              <th scope="col">Last chunk</th>
            </tr>
          </thead>
          <tbody>
            {begun.slice(0, MOST_LISTED).map(({ segment, state, begun: { counts, updated_at } }) => (
              <tr key={segment}>
                <th scope="row" data-label="Segment">
                  {segment + 1}
                </th>
                <td>
                  <Chip {...SEGMENT_WORDS[state]} />
                </td>
                <td class="figure" data-label="Compared">
                  {number(counts.read)}
                </td>
                <td class="figure" data-label="Written">
                  {number(counts.inserted + counts.updated + counts.deleted)}
                </td>
                <td data-label="Last chunk">
                  <When at={updated_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
