import { InferenceError } from '../../inference/error.js';
import type { LogChange } from '../../server/log-settings.js';
import type { Server } from '../../server/server.js';
import { jsonAnswer, type Endpoints, type HttpAnswer } from './exchange.js';
import { asBoolean, asText, asUint, findMember, memberOf, type JsonValue } from './json.js';
import { parseJson } from './json-parse.js';

/** What the log writes: asked for and changed. */
export function loggingEndpoints(server: Server, inputBytesMax: number): Endpoints {
  return {
    logging: {
      category: 'logging',
      GET: () => answer(server),
      POST: async (call) => {
        const settings = await parseJson(await call.body(inputBytesMax));
        server.changeLogSettings(toChange(settings));
        return answer(server);
      },
    },
  };
}

function answer(server: Server): HttpAnswer {
  return jsonAnswer(JSON.stringify(server.logSettings));
}

/** A member that is null asks for nothing. */
function toChange(settings: JsonValue): LogChange {
  return {
    has: (name) => (findMember(settings, name) ?? null) !== null,
    boolean: (name) => asBoolean(memberOf(settings, name)),
    level: (name) => Number(asUint(memberOf(settings, name))),
    text: (name) => asText(memberOf(settings, name)),
    badFormat: (format) =>
      new InferenceError('unavailable', `invalid argument for --log_format, got: ${format}`),
  };
}
