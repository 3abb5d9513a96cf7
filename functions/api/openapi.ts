import type { Context } from 'aws-lambda';
import { bareServices } from '../runtime.ts';
import { wayToPages } from '../web/way.ts';
import { type ApiEvent, apiHandler } from './handler.ts';
import { describing, routes } from './routes/index.ts';

const api = apiHandler({
  serves: describing,
  declared: routes,
  services: bareServices,
  parts: () => ({}),
});

/**
 * Lambda handler that describes all routes; as the gateway's default it also answers for paths that do not exist, and leads people
 * who mistyped the address of a page to the pages.
 */
export const handler = async (event: ApiEvent, context: Context) => wayToPages(event) ?? api(event, context);
