import type { Route } from '../route.ts';
import { uninstallRoute } from './uninstall.ts';

/** Routes of the `uninstall` function: one line each. */
export const uninstallRoutes: readonly Route[] = [uninstallRoute];
