import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { MappingView } from '../../lib/model/stored-mapping.ts';
import { mappingApi, mappingPath, mappingsPath } from '../admin-address.ts';
import { useCommand } from '../command.ts';
import { beforeApproval, type Checked } from '../mapping/checked.ts';
import { type HeldSides, useSides } from '../mapping/use-sides.ts';
import type { PageParams } from '../page-params.ts';
import { Needs } from '../parts/action.tsx';
import { AskFirst } from '../parts/ask-first.tsx';
import { MappingChanges } from '../parts/mapping/changes.tsx';
import { CheckMapping } from '../parts/mapping/check.tsx';
import { MappingEditor } from '../parts/mapping/editor.tsx';
import { Findings } from '../parts/mapping/findings.tsx';
import { Back, PageStates } from '../parts/page-states.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Chip } from '../parts/state.tsx';
import { When } from '../parts/when.tsx';
import { useLive, useUi } from '../ui.ts';
import type { Tone } from '../words.ts';
import '../styles/admin.css';

const STATE: Readonly<Record<MappingView['state'], { readonly text: string; readonly tone: Tone }>> = {
  draft: { text: 'draft: nobody uses it', tone: 'warning' },
  approved: { text: 'in force', tone: 'good' },
  superseded: { text: 'was in force', tone: 'waiting' },
};
const ORIGIN: Readonly<Record<MappingView['origin'], string>> = {
  person: 'Written',
  rules: 'Proposed by rules, stored',
  model: 'Proposed by a language model, stored',
};

/** A version of a mapping: what it changes, what it is, and what can be done with it. */
export function MappingPage({ params }: { readonly params: PageParams }) {
  const name = params.name ?? '';
  const { searchParams } = useUi().address.url.value;
  const sides = useSides();
  useEffect(() => {
    document.title = `Mapping ${name} · TerraFusion Sync`;
  }, [name]);
  if (searchParams.has('new'))
    return (
      <>
        <Back href={mappingsPath}>Mappings</Back>
        <div class="heading">
          <h1>{name}</h1>
          <span class="chip waiting">new</span>
        </div>
        <MappingEditor name={name} from={undefined} tag="new" sides={sides} />
      </>
    );
  const version = searchParams.get('version');
  return <Version key={version} name={name} version={version} sides={sides} />;
}

interface VersionProps {
  readonly name: string;
  readonly version: string | null;
  readonly sides: HeldSides;
}

function Version({ name, version, sides }: VersionProps) {
  const checked = useSignal<Checked | undefined>(undefined);
  const path = version === null ? mappingApi(name) : `${mappingApi(name)}/versions/${encodeURIComponent(version)}`;
  const live = useLive<MappingView>(path, { everyMs: 0, isLast: () => true });
  const { body: view, tag } = live.state.value;
  return (
    <>
      <Back href={mappingsPath}>Mappings</Back>
      <div class="heading">
        <h1>{name}</h1>
        {view && <Chip {...(STATE[view.state] ?? { text: view.state, tone: 'waiting' })} />}
        {view && <Versions view={view} />}
      </div>
      <PageStates state={live.state.value} what="the mapping" />
      {view && (
        <>
          <p>
            Version {view.version}. {ORIGIN[view.origin] ?? 'Stored'} by {view.author}, <When at={view.created_at} />.
            {view.note !== undefined && ` Note: ${view.note}`}
          </p>
          <Actions view={view} tag={tag} checked={checked} refresh={live.refresh} />
          <Checks checks={view.checks} />
          <details class="panel">
            <summary>
              Check and preview version {view.version}
              <Needs to="suggestMapping" />
            </summary>
            <p class="fine">
              Two databases are asked what speaks against it, and how some rows would arrive. Nothing is written there.
            </p>
            <CheckMapping sides={sides} text={JSON.stringify(view.mapping, null, 2)} checked={checked} />
          </details>
          <MappingChanges view={view} />
          <Tables view={view} />
          <Approvals view={view} />
          <MappingEditor key={view.version} name={name} from={view} tag={tag} sides={sides} />
        </>
      )}
    </>
  );
}

/** Of many versions the newest are named; older ones by their number in the address. */
const SHOWN = 12;

function Versions({ view }: { readonly view: MappingView }) {
  const from = Math.max(1, view.latest - SHOWN + 1);
  const all = Array.from({ length: view.latest - from + 1 }, (_, i) => from + i);
  return (
    <nav class="versions" aria-label="Versions">
      <span class="fine">Versions</span>
      {all.map((number) => (
        <a
          key={number}
          href={mappingPath(view.name, number)}
          aria-current={number === view.version ? 'page' : undefined}
          aria-label={`Version ${number}${number === view.approved ? ', in force' : ''}`}
        >
          {number}
          {number === view.approved && ' ✓'}
        </a>
      ))}
    </nav>
  );
}

interface ActionsProps {
  readonly view: MappingView;
  readonly tag: string | undefined;
  readonly checked: Signal<Checked | undefined>;
  readonly refresh: () => void;
}

type Act = 'approve' | 'retire' | 'discard';
const ACTION = { approve: 'approveMapping', retire: 'retireMapping', discard: 'discardMapping' } as const;

function Actions({ view, tag, checked, refresh }: ActionsProps) {
  const { address } = useUi();
  const { busy, problem, ask } = useCommand();
  const does = async (act: Act, note: object) => {
    const api = mappingApi(view.name);
    const answer = await (act === 'discard'
      ? ask('discard', `${api}/versions/${view.version}`, { method: 'DELETE', ifMatch: tag })
      : ask(act, `${api}/${act}`, {
          method: 'POST',
          ifMatch: tag,
          body: act === 'approve' ? { version: view.version, ...note } : note,
        }));
    if (answer?.kind !== 'ok') return;
    if (act === 'discard') address.go(mappingsPath);
    else refresh();
  };
  const button = (act: Act, text: string) => {
    const danger = act !== 'approve';
    const { title, yes, text: meaning } = QUESTIONS[act];
    return (
      <AskFirst
        to={ACTION[act]}
        class={danger ? 'danger' : ''}
        text={text}
        disabled={busy.value !== undefined}
        aria-busy={busy.value === act}
        asked={{ title: title(view), yes, no: 'Leave it', danger }}
        noted={act === 'discard' ? undefined : 'Note, kept with it'}
        onYes={(note) => void does(act, note)}
      >
        <p>{meaning(view)}</p>
        {act === 'approve' && <p>{beforeApproval(checked.value, view.checks, view.origin === 'person')}</p>}
      </AskFirst>
    );
  };
  return (
    <>
      <div class="doings">
        {view.state !== 'approved' && button('approve', `Approve version ${view.version}`)}
        {view.approved !== null && button('retire', `Take version ${view.approved} out of use`)}
        {view.state === 'draft' && button('discard', 'Discard the draft')}
      </div>
      {problem.value && <ProblemNote problem={problem.value} />}
    </>
  );
}

const QUESTIONS: Readonly<
  Record<
    Act,
    {
      readonly title: (view: MappingView) => string;
      readonly yes: string;
      readonly text: (view: MappingView) => string;
    }
  >
> = {
  approve: {
    title: ({ version }) => `Let jobs use version ${version}?`,
    yes: 'Approve it',
    text: ({ approved, diff }) =>
      approved === null
        ? 'No version is in force now. Jobs that are started from now on use this one.'
        : `It replaces version ${approved}, in ${diff.length} ${diff.length === 1 ? 'place' : 'places'}. Jobs that run keep what they have.`,
  },
  retire: {
    title: ({ name, approved }) => `Take version ${approved} of ${name} out of use?`,
    yes: 'Take it out of use',
    text: () => 'No job can be started with it until a version is approved again. Jobs that run keep what they have.',
  },
  discard: {
    title: ({ version }) => `Discard version ${version}?`,
    yes: 'Discard it',
    text: () => 'The draft is forgotten, and its number is not used again.',
  },
};

function Checks({ checks }: { readonly checks: MappingView['checks'] }) {
  if (checks.length === 0) return null;
  return (
    <section aria-labelledby="checks-title">
      <h2 id="checks-title">Found when it was stored</h2>
      <Findings findings={checks} />
    </section>
  );
}

function Tables({ view }: { readonly view: MappingView }) {
  return (
    <details class="config">
      <summary>The whole mapping as JSON</summary>
      <pre>
        <code>{JSON.stringify(view.mapping, null, 2)}</code>
      </pre>
    </details>
  );
}

function Approvals({ view: { approvals } }: { readonly view: MappingView }) {
  if (approvals.length === 0) return null;
  return (
    <section aria-labelledby="approvals-title">
      <h2 id="approvals-title">Approvals</h2>
      <ol class="plain" reversed>
        {[...approvals].reverse().map(({ version, by, at, note }) => (
          <li key={at}>
            {version === 0 ? 'Taken out of use' : `Version ${version} approved`} by {by}, <When at={at} />
            {note !== undefined && `: ${note}`}
          </li>
        ))}
      </ol>
    </section>
  );
}
