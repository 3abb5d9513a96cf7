import type { Route } from '../route.ts';
import { planProjectRoute } from './plan-project.ts';

/** Routes of the `projects` function. Those that show projects' jobs are of `queries`, and a start names the project in its config. */
export const projectRoutes: readonly Route[] = [planProjectRoute];
