import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PairView } from '../../lib/model/fleet-view.ts';
import { environmentPath, schedulePath } from '../admin-address.ts';
import { pairApi, pairPath, pairsPath } from '../fleet/address.ts';
import { pairQueryIn } from '../fleet/pair-query.ts';
import type { PageParams } from '../page-params.ts';
import { IfMay, Needs } from '../parts/action.tsx';
import { PairForm } from '../parts/fleet/form.tsx';
import { PairJobs } from '../parts/fleet/jobs.tsx';
import { OrderForm } from '../parts/fleet/order-form.tsx';
import { PairsOrder } from '../parts/fleet/order-progress.tsx';
import { GroupLinks, NextRun } from '../parts/fleet/table.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { Back, PageStates } from '../parts/page-states.tsx';
import { Remove } from '../parts/remove.tsx';
import { When } from '../parts/when.tsx';
import { useLive, useUi } from '../ui.ts';
import '../styles/admin.css';
import '../styles/conflicts.css';
import '../styles/fleet.css';

const EVERY_MS = 5000;

/** One pair: its last jobs, its schedule, what can be done with it, and the form that changes it. */
export function PairPage({ params }: { readonly params: PageParams }) {
  const name = params.name ?? '';
  const { address } = useUi();
  useEffect(() => {
    document.title = `Pair ${name} · TerraFusion Sync`;
  }, [name]);
  const live = useLive<PairView>(pairApi(name), { everyMs: EVERY_MS });
  const { body: pair, tag } = live.state.value;
  const { order } = pairQueryIn(address.url.value.searchParams);
  return (
    <>
      <Back href={pairsPath()}>Pairs</Back>
      <div class="heading">
        <h1>{name}</h1>
        <Freshness state={live.state.value} />
      </div>
      <PageStates state={live.state.value} what="the pair" />
      {order !== undefined && <PairsOrder orderId={order} onEnd={live.refresh} hideHref={pairPath(name)} />}
      {pair && (
        <>
          {pair.description !== '' && <p>{pair.description}</p>}
          <Facts pair={pair} />
          <PairJobs jobs={pair.jobs ?? []} />
          <OrderForm
            summary="Do with this pair…"
            filter={{ names: [name] }}
            onOrdered={(given) => address.go(pairPath(name, { order: given }))}
          />
          <Change pair={pair} tag={tag} refresh={live.refresh} />
          <Remove to="deletePair" what="the pair" name={name} api={pairApi(name)} tag={tag} then={pairsPath()}>
            It is kept no longer. No database is touched; its jobs and its schedule go on.
          </Remove>
        </>
      )}
    </>
  );
}

function Facts({ pair }: { readonly pair: PairView }) {
  return (
    <dl class="facts">
      <div class="wide">
        <dt>From and into</dt>
        <dd>
          <a href={environmentPath(pair.source_environment)}>{pair.source_environment}</a> →{' '}
          <a href={environmentPath(pair.target_environment)}>{pair.target_environment}</a>
        </dd>
      </div>
      <div>
        <dt>Mode</dt>
        <dd>{pair.mode}</dd>
      </div>
      <div>
        <dt>Groups</dt>
        <dd>
          {pair.groups.length === 0 && 'none'}
          <GroupLinks groups={pair.groups} />
        </dd>
      </div>
      <div>
        <dt>Last success</dt>
        <dd>{pair.last_success_at === undefined ? 'none' : <When at={pair.last_success_at} />}</dd>
      </div>
      <div class="wide">
        <dt>Next run</dt>
        <dd>
          <NextRun schedule={pair.schedule} />
          <ScheduleText pair={pair} />
        </dd>
      </div>
      <div>
        <dt>Changed</dt>
        <dd>
          <When at={pair.updated_at} /> by {pair.actor}
        </dd>
      </div>
    </dl>
  );
}

function ScheduleText({ pair: { name, schedule } }: { readonly pair: PairView }) {
  if (!schedule) return null;
  const { expression, timezone, flexible_minutes: late } = schedule;
  return (
    <>
      {' '}
      <span class="fine">
        {expression} {timezone}
        {late > 0 && `, up to ${late} min late`}
      </span>{' '}
      <IfMay to="seeSchedules">
        <a href={schedulePath(name)}>its schedule</a>
      </IfMay>
    </>
  );
}

interface Seen {
  readonly pair: PairView;
  readonly tag: string | undefined;
}

/** The form keeps what it began with while the page goes on: a change by somebody else takes nothing away that was typed. */
function Change({ pair, tag, refresh }: Seen & { readonly refresh: () => void }) {
  const seen = useSignal<Seen>({ pair, tag });
  const before = useSignal<string | undefined>(undefined);
  const moved = tag !== undefined && tag !== seen.value.tag && tag !== before.value;
  return (
    <details class="panel">
      <summary>
        Change it
        <Needs to="putPair" />
      </summary>
      {moved && (
        <p class="note warning" role="alert">
          Somebody has changed the pair since.{' '}
          <button
            type="button"
            class="quiet"
            onClick={() => {
              seen.value = { pair, tag };
            }}
          >
            Begin with what it is now
          </button>
        </p>
      )}
      <PairForm
        key={seen.value.tag}
        from={seen.value.pair}
        tag={seen.value.tag}
        onPut={(_, put) => {
          before.value = tag; // what the page still shows until it has looked again
          seen.value = put;
          refresh();
        }}
      />
    </details>
  );
}
