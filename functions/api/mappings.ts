import { auditLog, bareServices, mappingStore } from '../runtime.ts';
import { apiHandler } from './handler.ts';
import { mappingRoutes } from './routes/mappings.ts';

/** Lambda handler of the routes of stored mappings. It knows no database and no model. */
export const handler = apiHandler({
  serves: mappingRoutes,
  services: bareServices,
  parts: (core) => ({ mappings: mappingStore(), audit: auditLog(core) }),
});
