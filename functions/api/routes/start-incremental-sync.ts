import { startRoute } from '../start-route.ts';

export const startIncrementalSync = startRoute(
  'incremental',
  'Start a sync of what changed since the last success, as far as the strategy can tell',
);
