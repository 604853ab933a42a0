import { InferenceError, invalidArgument } from '../../inference/error.js';
import type { IndexEntry } from '../../repository/listing.js';
import { filePrefix, toLoadOverride, type LoadParameter } from '../../server/load-parameters.js';
import type { Server } from '../../server/server.js';
import { decodeBase64 } from './base64.js';
import { jsonAnswer, type Endpoints, type HttpAnswer, type HttpCall } from './exchange.js';
import { asBoolean, asBytes, asText, findMember, membersOf } from './json.js';
import { within } from './json-errors.js';
import { parseJson } from './json-parse.js';
import { LoadRoom } from './load-room.js';

/** Which models there are, and their coming and going. */
export function repositoryEndpoints(server: Server, inputBytesMax: number): Endpoints {
  const room = new LoadRoom(inputBytesMax);
  const category = 'model-repository';
  return {
    'repository/index': { category, POST: async (call) => index(server, await call.body(inputBytesMax)) },
    'repository/load': {
      category,
      POST: async (call) => {
        refuseRepositoryName(call);
        return room.use(call, server.takesLoads, async (body) => {
          await server.loadModel(call.target.model, toLoadOverride(await readParameters(body)));
          return done;
        });
      },
    },
    'repository/unload': {
      category,
      POST: async (call) => {
        refuseRepositoryName(call);
        await checkUnload(await call.body(inputBytesMax));
        await server.unloadModel(call.target.model);
        return done;
      },
    },
  };
}

const done = jsonAnswer('');

async function index(server: Server, body: Buffer): Promise<HttpAnswer> {
  const ready = body.byteLength === 0 ? undefined : findMember(await parseJson(body), 'ready');
  if (ready !== undefined && typeof ready !== 'boolean') {
    throw invalidArgument("Invalid value for 'ready': expected a boolean");
  }
  const entries = await server.index('', ready ?? false);
  return jsonAnswer(JSON.stringify(entries.map(withoutUnknown)));
}

/** What is not known of a model has no key. */
function withoutUnknown({ name, version, state, reason }: IndexEntry): object {
  return {
    name,
    ...(version === '' ? {} : { version }),
    ...(state === '' ? {} : { state }),
    ...(reason === '' ? {} : { reason }),
  };
}

function refuseRepositoryName({ target }: HttpCall): void {
  if (target.repository !== '') {
    throw new InferenceError('unsupported', "'repository_name' specification is not supported");
  }
}

async function readParameters(body: Buffer): Promise<(readonly [string, LoadParameter])[]> {
  const parameters = body.byteLength === 0 ? undefined : findMember(await parseJson(body), 'parameters');
  const read: (readonly [string, LoadParameter])[] = [];
  for (const [name, value] of parameters === undefined ? [] : membersOf(parameters)) {
    const text = asBytes(value);
    if (name === 'config') {
      read.push([name, { kind: 'string_param', value: asText(value) }]);
    } else if (name.startsWith(filePrefix)) {
      read.push([name, { kind: 'bytes_param', value: await decodeBase64(text) }]);
    } else {
      throw new InferenceError('internal', 'unexpected error on creating Triton parameter');
    }
  }
  return read;
}

/** What depends on the model is not unloaded with it: nothing depends on a model here. */
async function checkUnload(body: Buffer): Promise<void> {
  if (body.byteLength === 0) return;
  const parameters = findMember(await parseJson(body), 'parameters');
  const dependents = parameters === undefined ? undefined : findMember(parameters, 'unload_dependents');
  if (dependents !== undefined) within("Unable to parse 'unload_dependents'", () => asBoolean(dependents));
}
