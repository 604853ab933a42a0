import { modelConfigToJson } from '../../config/json.js';
import type { Server } from '../../server/server.js';
import { jsonAnswer, type Endpoints } from './exchange.js';

/** What the server and its models are. */
export function metadataEndpoints(server: Server): Endpoints {
  return {
    server: { category: 'metadata', GET: () => jsonAnswer(JSON.stringify(server.metadata)) },
    model: {
      category: 'metadata',
      GET: ({ target }) => jsonAnswer(JSON.stringify(server.modelMetadata(target.model, target.version))),
    },
    'model/config': {
      category: 'model-config',
      GET: ({ target }) => jsonAnswer(modelConfigToJson(server.pick(target.model, target.version).config)),
    },
  };
}
