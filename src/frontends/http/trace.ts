import { toInferenceError } from '../../inference/error.js';
import type { InferRequest } from '../../inference/request.js';
import type { RequestTrace } from '../../inference/request-trace.js';
import type { InferResponse } from '../../inference/response.js';
import type { ModelVersion } from '../../models/model-version.js';
import type { Server } from '../../server/server.js';
import { readTraceChanges, type NamedSettings } from '../../server/trace-settings.js';
import { jsonAnswer, type Endpoint, type Endpoints, type HttpAnswer, type HttpCall } from './exchange.js';
import { asArray, asText, JsonNumber, membersOf } from './json.js';
import { parseJson } from './json-parse.js';

/** Settings are short. */
const bodyBytesMax = 1024 * 1024;

/** The settings of traces, of all models and of one. */
export function traceEndpoints(server: Server): Endpoints {
  const endpoint: Endpoint = {
    category: 'trace',
    GET: ({ target }) => settingsAnswer(server.traceSettings(target.model)),
    POST: async (call) => {
      const changes = readTraceChanges(await readSettings(await call.body(bodyBytesMax)), 'http');
      return settingsAnswer(server.traceSettings(call.target.model, changes));
    },
  };
  return { 'trace/setting': endpoint, 'model/trace/setting': endpoint };
}

/** Settings that are lists; the others are one text. */
const lists = ['trace_level', 'resource'];

function settingsAnswer(named: NamedSettings): HttpAnswer {
  const settings = [...named].map(([name, values]) => [name, lists.includes(name) ? values : values[0]]);
  return jsonAnswer(JSON.stringify(Object.fromEntries(settings)));
}

/** The members of a JSON object as lists of texts; null is an empty one. A number is taken for its text. */
async function readSettings(body: Buffer): Promise<NamedSettings> {
  const settings = new Map<string, readonly string[]>();
  for (const [name, value] of membersOf(await parseJson(body))) {
    if (value === null) settings.set(name, []);
    else if (name === 'trace_level') settings.set(name, asArray(value).map(asText));
    else settings.set(name, [value instanceof JsonNumber ? value.text : asText(value)]);
  }
  return settings;
}

/** A request that was read from a call. */
interface Received {
  readonly call: HttpCall;
  readonly model: ModelVersion;
  readonly request: InferRequest;
}

/** Begins the trace of a request, if it is sampled: to be called when the body was read, before `infer`. */
export function beginTrace(server: Server, { call, model, request }: Received): RequestTrace | undefined {
  const { traces } = server;
  if (!traces.active) return undefined;
  const candidate = { modelName: model.spec.name, modelVersion: model.version, requestId: request.id };
  const trace = traces.begin(candidate, { metadata: (key) => firstOf(call.headers[key]) });
  if (trace === undefined) return undefined;
  request.trace = trace;
  trace.stamp('HTTP_RECV_START', call.startUs);
  trace.stamp('HTTP_RECV_END');
  return trace;
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : header?.[0];
}

/** The answer to a traced request as `toAnswer` makes it; its trace ends when it was sent, or with the error. */
export async function traceAnswer(
  trace: RequestTrace,
  response: Promise<InferResponse>,
  toAnswer: (response: InferResponse) => HttpAnswer | Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  try {
    const given = await response;
    trace.stamp('INFER_RESPONSE_COMPLETE');
    const answer = await toAnswer(given);
    trace.stamp('HTTP_SEND_START');
    return {
      ...answer,
      release: () => {
        trace.stamp('HTTP_SEND_END');
        trace.end();
        answer.release?.();
      },
    };
  } catch (error) {
    trace.end(toInferenceError(error));
    throw error;
  }
}
