import type { Route } from '../route.ts';
import { checkPairRoute } from './check-pair.ts';
import { planProjectRoute } from './plan-project.ts';

/**
 * Routes of the `projects` function, which looks at both ends as a start does and starts nothing. Those that show projects' jobs are of
 * `queries`, and a start names the project in its config.
 */
export const projectRoutes: readonly Route[] = [planProjectRoute, checkPairRoute];
