import { invalidArgument, toInferenceError, type InferenceError } from '../../inference/error.js';
import type { InferRequest } from '../../inference/request.js';
import type { InferResponse } from '../../inference/response.js';
import type { ModelVersion } from '../../models/model-version.js';
import type { Server } from '../../server/server.js';
import { EventWriter } from './event-writer.js';
import { jsonAnswer, type Endpoints, type Handled, type HttpCall } from './exchange.js';
import { toGenerateRequest } from './generate-request.js';
import { describeResponse } from './generate-response.js';
import { parseJson } from './json-parse.js';
import { statusOf } from './status.js';

/** Inference by any JSON object, answered by one or as events. */
export function generateEndpoints(server: Server, inputBytesMax: number): Endpoints {
  const read = (call: HttpCall): Promise<Asked> => readRequest(server, call, inputBytesMax);
  const category = 'inference';
  return {
    'model/generate': {
      category,
      POST: async (call) => {
        const { model, request } = await read(call);
        return jsonAnswer(await describe(await server.infer(model, request), request.id));
      },
    },
    'model/generate_stream': {
      category,
      POST: async (call) => {
        const { model, request } = await read(call);
        return answerWithEvents(server.infer(model, request), request.id, call);
      },
    },
  };
}

interface Asked {
  readonly model: ModelVersion;
  readonly request: InferRequest;
}

async function readRequest(server: Server, call: HttpCall, bytesMax: number): Promise<Asked> {
  const { model: name, version } = call.target;
  const model = server.pick(name, version);
  if (!['', 'identity'].includes(call.headers['content-encoding'] ?? '')) {
    throw invalidArgument("Unsupported content-encoding, only 'identity' is supported.");
  }
  const { inputs } = server.modelMetadata(name, version);
  const request = await toGenerateRequest(await parseJson(await call.body(bytesMax)), { inputs, bytesMax });
  call.onCancel = () => request.cancel();
  if (call.cancelled) request.cancel();
  return { model, request };
}

/** What is refused before it runs is answered like any request; what fails then is an event. */
async function answerWithEvents(
  answer: Promise<InferResponse>,
  id: string,
  call: HttpCall,
): Promise<Handled> {
  const events = new EventWriter(call);
  try {
    await events.send(await describe(await answer, id));
  } catch (error) {
    const failure = toInferenceError(error);
    if (!failure.executed) throw failure;
    call.failure = failure;
    await events.send(JSON.stringify({ error: failure.message }), statusOf(failure));
  }
  events.end();
  return 'streamed';
}

/** The answer as JSON; its memory is free then. */
async function describe(response: InferResponse, id: string): Promise<string> {
  try {
    return await describeResponse(response, id);
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
