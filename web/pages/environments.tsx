import { useEffect } from 'preact/hooks';
import type { EnvironmentView } from '../../lib/model/answers.ts';
import { approvalsPath, environmentPath } from '../admin-address.ts';
import { Needs } from '../parts/action.tsx';
import { EnvironmentForm } from '../parts/environment/form.tsx';
import { PageStates } from '../parts/page-states.tsx';
import { useLive } from '../ui.ts';
import '../styles/admin.css';

/** Named databases, and what may be done with them. */
export function EnvironmentsPage() {
  useEffect(() => {
    document.title = 'Environments · TerraFusion Sync';
  }, []);
  const live = useLive<{ readonly environments: readonly EnvironmentView[] }>('/api/sync/environments', {
    everyMs: 0,
    isLast: () => true,
  });
  const { body } = live.state.value;
  return (
    <>
      <div class="heading">
        <h1>Environments</h1>
        <div class="actions">
          <a href={approvalsPath}>Requests for approval</a>
        </div>
      </div>
      <p class="fine">
        Databases with a name, and rules of what jobs may do with them. Their passwords are never shown again.
      </p>
      <PageStates state={live.state.value} what="the environments" />
      {body && body.environments.length === 0 && <p class="empty">There is no environment yet.</p>}
      {body && body.environments.length > 0 && (
        <div class="scroll">
          <table class="cards">
            <caption class="only-read">Environments, by name</caption>
            <thead>
              <tr>
                <th scope="col">Environment</th>
                <th scope="col">Database</th>
                <th scope="col">Jobs may</th>
                <th scope="col">Sends to</th>
                <th scope="col">Receives from</th>
              </tr>
            </thead>
            <tbody>
              {body.environments.map((environment) => (
                <Row key={environment.name} environment={environment} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <details class="panel">
        <summary>
          Make an environment
          <Needs to="putEnvironment" />
        </summary>
        <EnvironmentForm from={undefined} tag={undefined} />
      </details>
    </>
  );
}

function Row({ environment: e }: { readonly environment: EnvironmentView }) {
  return (
    <tr>
      <th scope="row">
        <a href={environmentPath(e.name)}>
          <span class={`swatch ${e.colour}`} title={e.colour} />
          {e.name}
        </a>
        {e.description !== '' && <span class="fine"> {e.description}</span>}
      </th>
      <td>
        {e.database}{' '}
        <span class="fine">
          {e.user}@{e.host}:{e.port}, PostgreSQL {e.version}
        </span>
      </td>
      <td>
        {e.writable ? 'read and write' : 'read'}
        {e.protected && <span class="chip warning">needs a second person</span>}
      </td>
      <td data-label="Sends to">{namesText(e.sends_to)}</td>
      <td data-label="Receives from">{namesText(e.receives_from)}</td>
    </tr>
  );
}

export const namesText = (names: readonly string[]): string =>
  names.length === 0 ? 'nobody' : names.includes('*') ? 'any' : names.join(', ');
