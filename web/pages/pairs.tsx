import { useEffect } from 'preact/hooks';
import type { PairPageView } from '../../lib/model/fleet-view.ts';
import { pairPath, pairsApi, pairsPath } from '../fleet/address.ts';
import { filterOf, type PairQuery, pairQueryIn } from '../fleet/pair-query.ts';
import { Needs } from '../parts/action.tsx';
import { PairFilterForm } from '../parts/fleet/filters.tsx';
import { PairForm } from '../parts/fleet/form.tsx';
import { OrderForm } from '../parts/fleet/order-form.tsx';
import { PairsOrder } from '../parts/fleet/order-progress.tsx';
import { RecentOrders } from '../parts/fleet/orders.tsx';
import { PairTable } from '../parts/fleet/table.tsx';
import { Freshness } from '../parts/freshness.tsx';
import { PageStates } from '../parts/page-states.tsx';
import { Unfold } from '../parts/unfold.tsx';
import { useLive, useUi } from '../ui.ts';
import '../styles/admin.css';
import '../styles/conflicts.css';
import '../styles/fleet.css';

const EVERY_MS = 10_000;

/** Pairs that are kept, in name order, and what is done with many of them; filters, page and order are in the address. */
export function PairsPage() {
  const { address } = useUi();
  useEffect(() => {
    document.title = 'Pairs · TerraFusion Sync';
  }, []);
  const query = pairQueryIn(address.url.value.searchParams);
  const { filters, next, order } = query;
  const live = useLive<PairPageView>(pairsApi(query), { everyMs: EVERY_MS });
  const { body } = live.state.value;
  const here = { ...filters, next_token: next };
  return (
    <>
      <div class="heading">
        <h1>Pairs</h1>
        <Freshness state={live.state.value} />
      </div>
      <p class="fine">Two environments each, and how rows go from one into the other.</p>
      <PairFilterForm
        key={JSON.stringify(filters)}
        filters={filters}
        onFilter={(to) => address.go(pairsPath({ ...to, order }))}
      />
      {order !== undefined && <PairsOrder orderId={order} onEnd={live.refresh} hideHref={pairsPath(here)} />}
      {!(body && isNone(body, query)) && (
        <OrderForm
          summary="Do with these pairs…"
          filter={filterOf(filters)}
          onOrdered={(given) => address.go(pairsPath({ ...here, order: given }))}
        />
      )}
      <PageStates state={live.state.value} what="the pairs" />
      {body && <List page={body} query={query} />}
      <details class="panel">
        <summary>
          Keep a pair
          <Needs to="putPair" />
        </summary>
        <PairForm from={undefined} tag={undefined} onPut={(name) => address.go(pairPath(name))} />
      </details>
      <Unfold class="panel" summary="Recent orders">
        {() => <RecentOrders key={order} hrefOf={(id) => pairsPath({ ...here, order: id })} />}
      </Unfold>
    </>
  );
}

/** There is no pair at all. */
const isNone = ({ pairs, next_token }: PairPageView, { filters, next }: PairQuery): boolean =>
  pairs.length === 0 && next_token === undefined && next === undefined && Object.keys(filters).length === 0;

interface ListProps {
  readonly page: PairPageView;
  readonly query: PairQuery;
}

function List({ page, query }: ListProps) {
  const { pairs, next_token } = page;
  const { filters, next, order } = query;
  return (
    <section aria-label="List of pairs">
      {pairs.length > 0 && <PairTable pairs={pairs} />}
      {pairs.length === 0 && (
        <div class="empty">
          {next_token !== undefined ? (
            <p>No pair of those looked at so far is like this; further ones may be.</p>
          ) : isNone(page, query) ? (
            <p>No pair is kept yet.</p>
          ) : (
            <p>
              No pair here is like this. <a href={pairsPath({ order })}>Show all pairs</a>
            </p>
          )}
        </div>
      )}
      {(next !== undefined || next_token !== undefined) && (
        <nav class="pager" aria-label="Pages of the list">
          {next !== undefined && <a href={pairsPath({ ...filters, order })}>First pairs</a>}
          {next_token !== undefined && <a href={pairsPath({ ...filters, order, next_token })}>More pairs</a>}
        </nav>
      )}
    </section>
  );
}
