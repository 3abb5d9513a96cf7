import { randomBytes } from 'node:crypto';
import { Secret } from '../../lib/model/secret.ts';
import { checkMapping } from '../../lib/orchestrator/check-mapping.ts';
import { suggestExpression } from '../../lib/orchestrator/suggest-expression.ts';
import { type SuggestPorts, suggestMapping } from '../../lib/orchestrator/suggest-mapping.ts';
import { postgresCatalogs } from '../../lib/postgres/catalogs.ts';
import { bedrockSuggester } from '../aws/suggester.ts';
import { connectionsOf, sourceOf } from '../named-connections.ts';
import { bareServices, type CoreServices, mappingStore } from '../runtime.ts';
import { patienceOf, serverOptions } from '../surroundings.ts';
import { apiHandler } from './handler.ts';
import { suggestRoutes } from './routes/suggest.ts';

function ports(core: CoreServices): SuggestPorts {
  const [model] = core.settings.suggestionModels;
  return {
    clock: core.clock,
    patience: patienceOf('command'),
    mappings: mappingStore(),
    catalogs: postgresCatalogs(serverOptions(core, 'command')),
    freshKey: () => new Secret(randomBytes(32).toString('hex')),
    ...(model !== undefined && { suggester: bedrockSuggester(model) }),
  };
}

/** Lambda handler of the routes that propose and check mappings: the one function that may talk to a language model. It approves nothing. */
export const handler = apiHandler({
  serves: suggestRoutes,
  services: bareServices,
  parts: (core) => ({
    suggestMapping: async (request) =>
      suggestMapping({ ...request, pair: await connectionsOf(request, core) }, ports(core)),
    checkMapping: async (request) =>
      checkMapping({ ...request, pair: await connectionsOf(request, core) }, ports(core)),
    suggestExpression: async (request) =>
      suggestExpression({ ...request, source: await sourceOf(request, core) }, ports(core)),
  }),
});
