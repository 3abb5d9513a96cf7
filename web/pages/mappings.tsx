import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { MappingSummary } from '../../lib/model/stored-mapping.ts';
import { mappingPath, mappingsPath } from '../admin-address.ts';
import { Action } from '../parts/action.tsx';
import { NameField } from '../parts/fields.tsx';
import { ProposeMapping } from '../parts/mapping/propose.tsx';
import { PageStates } from '../parts/page-states.tsx';
import { When } from '../parts/when.tsx';
import { useLive, useUi } from '../ui.ts';
import '../styles/admin.css';

interface MappingPage {
  readonly mappings: readonly MappingSummary[];
  readonly next_token?: string;
}

/** Stored mappings, by name. */
export function MappingsPage() {
  const { address } = useUi();
  useEffect(() => {
    document.title = 'Mappings · TerraFusion Sync';
  }, []);
  const next = address.url.value.searchParams.get('next_token');
  const asked = new URLSearchParams({ limit: '100', ...(next !== null && { next_token: next }) });
  const { state } = useLive<MappingPage>(`/api/sync/mappings?${asked}`, { everyMs: 0, isLast: () => true });
  const { body } = state.value;
  return (
    <>
      <div class="heading">
        <h1>Mappings</h1>
      </div>
      <p class="fine">
        How a table of the target is made from a table of another name or shape. Jobs use the version that is in force;
        a new version does nothing until somebody with the role resolver approves it.
      </p>
      <PageStates state={state.value} what="the mappings" />
      {body && body.mappings.length === 0 && <p class="empty">There is no mapping yet.</p>}
      {body && body.mappings.length > 0 && (
        <div class="scroll">
          <table class="cards">
            <caption class="only-read">Mappings, by name</caption>
            <thead>
              <tr>
                <th scope="col">Mapping</th>
                <th scope="col">In force</th>
                <th scope="col">Newest</th>
                <th scope="col">Changed</th>
              </tr>
            </thead>
            <tbody>
              {body.mappings.map((mapping) => (
                <tr key={mapping.name}>
                  <th scope="row">
                    <a href={mappingPath(mapping.name)}>{mapping.name}</a>
                  </th>
                  <td data-label="In force">
                    {mapping.approved === null ? (
                      <span class="chip warning">none</span>
                    ) : (
                      <a href={mappingPath(mapping.name, mapping.approved)}>version {mapping.approved}</a>
                    )}
                  </td>
                  <td data-label="Newest">version {mapping.latest}</td>
                  <td data-label="Changed">
                    <When at={mapping.updated_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {body?.next_token !== undefined && (
        <nav class="pager" aria-label="Pages of the list">
          <a href={`${mappingsPath}?${new URLSearchParams({ next_token: body.next_token })}`}>Further mappings</a>
        </nav>
      )}
      <NewMapping />
      <ProposeMapping />
    </>
  );
}

function NewMapping() {
  const { address } = useUi();
  const name = useSignal('');
  return (
    <form
      class="panel inline"
      onSubmit={(event) => {
        event.preventDefault();
        address.go(`${mappingPath(name.peek().trim())}?new=1`);
      }}
    >
      <NameField
        text="Name of a new mapping"
        value={name.value}
        onInput={(event) => {
          name.value = event.currentTarget.value;
        }}
      />
      <Action to="putMapping" type="submit">
        Write it
      </Action>
    </form>
  );
}
