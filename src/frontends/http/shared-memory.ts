import { InferenceError, invalidArgument } from '../../inference/error.js';
import type { Server } from '../../server/server.js';
import { jsonAnswer, type Endpoint, type Endpoints, type Handler, type HttpCall } from './exchange.js';

/** What says which memory is registered is small. */
const bodyBytesMax = 64 * 1024;

/** Clients' shared memory: what is registered, one region more, one less. */
export function sharedMemoryEndpoints({ regions, cudaRegions }: Server): Endpoints {
  return {
    'systemsharedmemory/status': get(({ target }) => {
      const found = regions.status(target.region);
      const entries = found.map(
        ({ name, key, offset, byteSize }) =>
          `{"name":${JSON.stringify(name)},"key":${JSON.stringify(key)},"offset":${offset},"byte_size":${byteSize}}`,
      );
      return jsonAnswer(`[${entries.join(',')}]`);
    }),
    'systemsharedmemory/register': post(async (call) => {
      regions.refuseUnlessEnabled();
      const body = await readObject(call);
      regions.register({
        name: call.target.region,
        key: asText(member(body, 'key')),
        offset: Object.hasOwn(body, 'offset') ? asUnsigned(body['offset']) : 0n,
        byteSize: asUnsigned(member(body, 'byte_size')),
      });
      return { status: 200 };
    }),
    'systemsharedmemory/unregister': post(({ target }) => {
      regions.unregister(target.region);
      return { status: 200 };
    }),
    'cudasharedmemory/status': get(({ target }) => {
      cudaRegions.status(target.region);
      return jsonAnswer('[]');
    }),
    'cudasharedmemory/register': post(({ target }) => cudaRegions.register(target.region)),
    'cudasharedmemory/unregister': post(() => {
      cudaRegions.unregister();
      return { status: 200 };
    }),
  };
}

function get(handler: Handler): Endpoint {
  return { category: 'shared-memory', GET: handler };
}

function post(handler: Handler): Endpoint {
  return { category: 'shared-memory', POST: handler };
}

type Body = Readonly<Record<string, unknown>>;

async function readObject(call: HttpCall): Promise<Body> {
  const text = (await call.body(bodyBytesMax)).toString();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InferenceError('internal', `failed to parse the request JSON buffer: ${reason}`);
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Body;
  throw new InferenceError('internal', 'attempt to access JSON non-object as object');
}

function member(body: Body, name: string): unknown {
  if (!Object.hasOwn(body, name)) {
    throw invalidArgument(`Shared memory register request has no '${name}' field`);
  }
  return body[name];
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new InferenceError('internal', 'attempt to access JSON non-string as string');
}

/** A number beyond 2^53 was rounded, the largest one to 2^64, and is more than any object has bytes either way. */
function asUnsigned(value: unknown): bigint {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 64) {
    return BigInt(value);
  }
  throw new InferenceError('internal', 'attempt to access JSON non-unsigned-integer as unsigned-integer');
}
