import { useId } from 'preact/hooks';
import type { ProblemItem } from '../../lib/model/answers.ts';
import type { HeldSides } from '../mapping/use-sides.ts';
import { SIDES } from '../start/request.ts';
import { SideFields } from './start/side.tsx';

interface BothSidesProps {
  readonly sides: HeldSides;
  /** What the service says of each field. */
  readonly errors: ReadonlyMap<string, readonly ProblemItem[]> | undefined;
}

/** Two databases, each an environment by its name or a connection. */
export function BothSides({ sides: { form, environments }, errors }: BothSidesProps) {
  const id = useId();
  return (
    <div class="start sides">
      {SIDES.map((side) => (
        <SideFields
          key={side}
          prefix={id}
          side={side}
          form={form.value[side]}
          environments={environments}
          end={undefined}
          errors={['connection', 'environment'].flatMap((kind) => errors?.get(`${side}_${kind}`) ?? [])}
          onChange={(to) => {
            form.value = { ...form.value, [side]: to };
          }}
        />
      ))}
    </div>
  );
}
