import { bareServices } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { describing, routes } from './routes/index.ts';

/** Lambda handler that describes all routes; as the gateway's default it also answers for paths that do not exist. */
export const handler = apiHandler({
  serves: describing,
  declared: routes,
  services: bareServices,
  parts: () => ({}),
});
