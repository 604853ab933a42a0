import { invalidArgument } from '../../inference/error.js';
import type { Server } from '../../server/server.js';
import type { Endpoints, HttpAnswer } from './exchange.js';

/** Whether the server lives and is ready, and whether a model is: answers without a body. */
export function healthEndpoints(server: Server): Endpoints {
  return {
    'health/live': { category: 'health', GET: () => yesOrNo(server.live()) },
    'health/ready': { category: 'health', GET: () => yesOrNo(server.ready()) },
    'model/ready': {
      category: 'health',
      GET: ({ target }) => {
        if (!server.modelReady(target.model, target.version))
          throw invalidArgument('Model version not ready');
        return yesOrNo(true);
      },
    },
  };
}

function yesOrNo(yes: boolean): HttpAnswer {
  return { status: yes ? 200 : 400 };
}
