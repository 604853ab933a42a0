import { invalidArgument, toInferenceError, type InferenceError } from '../../inference/error.js';
import type { InferRequest } from '../../inference/request.js';
import type { RequestTrace } from '../../inference/request-trace.js';
import type { InferResponse } from '../../inference/response.js';
import type { ModelVersion } from '../../models/model-version.js';
import type { Server } from '../../server/server.js';
import { EventWriter } from './event-writer.js';
import type { Endpoints, Handled, HttpAnswer, HttpCall } from './exchange.js';
import { toGenerateRequest } from './generate-request.js';
import type { JsonCodec } from './json-codec.js';
import { parseJson } from './json-parse.js';
import { statusOf } from './status.js';
import { beginTrace, traceAnswer } from './trace.js';

export interface GenerateParts {
  readonly server: Server;
  readonly inputBytesMax: number;
  readonly json: JsonCodec;
}

/** Inference by any JSON object, answered by one or as events. */
export function generateEndpoints(parts: GenerateParts): Endpoints {
  const category = 'inference';
  return {
    'model/generate': { category, POST: (call) => answerWithObject(parts, call) },
    'model/generate_stream': { category, POST: (call) => answerWithEvents(parts, call) },
  };
}

interface Asked {
  readonly model: ModelVersion;
  readonly request: InferRequest;
  readonly trace: RequestTrace | undefined;
}

async function readRequest({ server, inputBytesMax }: GenerateParts, call: HttpCall): Promise<Asked> {
  const { model: name, version } = call.target;
  const model = server.pick(name, version);
  if (!['', 'identity'].includes(call.headers['content-encoding'] ?? '')) {
    throw invalidArgument("Unsupported content-encoding, only 'identity' is supported.");
  }
  const { inputs } = server.modelMetadata(name, version);
  const body = await parseJson(await call.body(inputBytesMax));
  const request = await toGenerateRequest(body, { inputs, bytesMax: inputBytesMax });
  call.onCancel = () => request.cancel();
  if (call.cancelled) request.cancel();
  return { model, request, trace: beginTrace(server, { call, model, request }) };
}

async function answerWithObject(parts: GenerateParts, call: HttpCall): Promise<Handled> {
  const { model, request, trace } = await readRequest(parts, call);
  const headers = { 'content-type': 'application/json' };
  const write = async (response: InferResponse): Promise<HttpAnswer> => {
    return { status: 200, headers, body: await describe(parts.json, response, request.id) };
  };
  const answered = parts.server.infer(model, request);
  return trace === undefined ? write(await answered) : traceAnswer(trace, answered, write);
}

/** What is refused before it runs is answered like any request; what fails then is an event. */
async function answerWithEvents(parts: GenerateParts, call: HttpCall): Promise<Handled> {
  const { model, request, trace } = await readRequest(parts, call);
  const events = new EventWriter(call);
  try {
    const response = await parts.server.infer(model, request);
    trace?.stamp('INFER_RESPONSE_COMPLETE');
    const json = await describe(parts.json, response, request.id);
    trace?.stamp('HTTP_SEND_START');
    await events.send(json);
    trace?.stamp('HTTP_SEND_END');
    trace?.end();
  } catch (error) {
    const failure = toInferenceError(error);
    trace?.end(failure);
    if (!failure.executed) throw failure;
    call.failure = failure;
    await events.send([Buffer.from(JSON.stringify({ error: failure.message }))], statusOf(failure));
  }
  events.end();
  return 'streamed';
}

/** The answer as JSON; its memory is free then. */
async function describe(
  json: JsonCodec,
  response: InferResponse,
  id: string,
): Promise<readonly Uint8Array[]> {
  const { modelName, modelVersion } = response;
  const outputs = response.outputs.map(({ name, datatype, shape, data }) => {
    return { name, datatype, shape, data, as: 'json' as const, binaryBytes: 0 };
  });
  try {
    return await json.write({ layout: 'object', id, modelName, modelVersion, outputs });
  } catch (error) {
    throw asExecuted(toInferenceError(error));
  } finally {
    response.release();
  }
}

/** The model has run, though its answer cannot be told. */
function asExecuted(error: InferenceError): InferenceError {
  error.executed = true;
  return error;
}
