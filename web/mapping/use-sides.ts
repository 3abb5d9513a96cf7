import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type Environments, useEnvironments } from '../environments.ts';
import { noSide, type SideForm, type SideName } from '../start/request.ts';

export type SidesForm = Readonly<Record<SideName, SideForm>>;

/** Two databases that somebody chooses to have something looked at. Connections live in it alone, and go with it. */
export interface HeldSides {
  readonly form: Signal<SidesForm>;
  readonly environments: Environments;
}

export function useSides(): HeldSides {
  const form = useSignal<SidesForm>({ source: noSide, target: noSide });
  const environments = useEnvironments();
  useEffect(() => {
    if (environments.body?.environments.length !== 0) return;
    const { source, target } = form.peek();
    form.value = { source: { ...source, kind: 'connection' }, target: { ...target, kind: 'connection' } };
  }, [environments.body]);
  return { form, environments };
}

/** Without what was typed unseen. */
export const withoutConnections = ({ source, target }: SidesForm): SidesForm => ({
  source: { ...source, connection: '' },
  target: { ...target, connection: '' },
});

/** Fields of a request that say which databases are meant. */
export const SIDE_FIELDS: ReadonlySet<string> = new Set(
  (['source', 'target'] as const).flatMap((side) => [`${side}_connection`, `${side}_environment`]),
);
