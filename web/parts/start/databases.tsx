import { SIDES } from '../../start/request.ts';
import type { HeldForm } from '../../start/use-start-form.ts';
import { Action } from '../action.tsx';
import { SideFields } from './side.tsx';

/** Both sides, tested when asked. */
export function Databases({ held }: { readonly held: HeldForm }) {
  const { form, pair, environments, placed, testing, setSide, swap, test } = held;
  return (
    <section aria-labelledby="databases-title">
      <h2 id="databases-title">Databases</h2>
      <div class="sides">
        {SIDES.map((side) => (
          <SideFields
            key={side}
            side={side}
            form={form.value[side]}
            environments={environments}
            end={pair.value?.[side]}
            errors={['connection', 'environment'].flatMap((kind) => placed?.byField.get(`${side}_${kind}`) ?? [])}
            onChange={(to) => setSide(side, to)}
          />
        ))}
      </div>
      <div class="buttons">
        <Action
          to="testDatabases"
          class="secondary"
          aria-busy={testing.busy.value !== undefined}
          disabled={testing.busy.value !== undefined}
          onClick={() => void test()}
        >
          Test both and list tables
        </Action>
        <button type="button" class="quiet" onClick={swap}>
          ⇄ Swap source and target
        </button>
      </div>
    </section>
  );
}
