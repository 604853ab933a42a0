import type { IncomingHttpHeaders } from 'node:http';
import { invalidArgument } from '../../inference/error.js';
import type { InferRequest } from '../../inference/request.js';
import type { InferResponse } from '../../inference/response.js';
import type { ModelVersion } from '../../models/model-version.js';
import type { HeaderForwarder } from '../../server/forwarded-headers.js';
import type { Server } from '../../server/server.js';
import { Blobs } from './blobs.js';
import { compress, decompress, requestCoding, responseCoding, type Coding } from './compression.js';
import type { Endpoints, HttpAnswer, HttpCall, ReceivedBody } from './exchange.js';
import { forwardHeaders } from './forward.js';
import { checkHeaderLength, contentLength, inferenceHeaderLength } from './infer-headers.js';
import type { ResponseForm } from './codec/infer-response.js';
import { JsonCodec } from './json-codec.js';
import { rememberedHead, rememberHead } from './remembered-head.js';
import { toRawRequest } from './raw-request.js';
import { toInferRequest, type AnswerForm, type HttpInferRequest } from './to-request.js';
import { beginTrace, traceAnswer } from './trace.js';

export interface InferParts {
  readonly server: Server;
  readonly inputBytesMax: number;
  readonly json: JsonCodec;
  readonly forwarder?: HeaderForwarder | undefined;
}

/** Inference: JSON, with binary tensors behind it or without, or nothing but the data of one input. */
export function inferEndpoints(parts: InferParts): Endpoints {
  return { 'model/infer': { category: 'inference', POST: (call) => infer(parts, call) } };
}

async function infer(parts: InferParts, call: HttpCall): Promise<HttpAnswer> {
  const { target, headers } = call;
  const model = parts.server.pick(target.model, target.version);
  const { request, form, body } = await receive(parts, call, model);
  forwardHeaders(parts.forwarder, call, request);
  call.onCancel = () => request.cancel();
  if (call.cancelled) request.cancel();
  const write = async (response: InferResponse): Promise<HttpAnswer> => {
    const answer = await toAnswer(response, { request, form, json: parts.json });
    const coding = responseCoding(headers['accept-encoding']);
    return coding === 'identity' ? answer : compressed(answer, coding);
  };
  const trace = beginTrace(parts.server, { call, model, request });
  const answered = parts.server.infer(model, request);
  const answer = await (trace === undefined ? write(await answered) : traceAnswer(trace, answered, write));
  return givingBack(answer, body);
}

/** Has the request's memory used again when nobody reads it any more: the answer may lie in it until it was sent. */
function givingBack(answer: HttpAnswer, body: ReceivedBody): HttpAnswer {
  const { release } = answer;
  if (release !== undefined) {
    return {
      ...answer,
      release: () => {
        release();
        body.giveBack();
      },
    };
  }
  body.giveBack();
  return answer;
}

/** The memory of a body with JSON up to this is given back. */
const keptJsonBytesMax = 16 * 1024;

/** The largest body that its length can tell. */
const bodyBytesMax = 2 ** 31 - 1;

/** What is known of a body before it comes. */
interface Announced {
  readonly coding: Coding;
  /** Of what is received; undefined when it comes in chunks. */
  readonly length: number | undefined;
  readonly headerLength: number | undefined;
}

function announced(headers: IncomingHttpHeaders): Announced {
  return {
    coding: requestCoding(headers['content-encoding']),
    length: contentLength(headers),
    headerLength: inferenceHeaderLength(headers),
  };
}

async function receive(
  { server, inputBytesMax, json }: InferParts,
  call: HttpCall,
  model: ModelVersion,
): Promise<HttpInferRequest & { readonly body: ReceivedBody }> {
  const about = announced(call.headers);
  const { coding, length, headerLength } = about;
  const refuse = (bytes: number): Error => tooLargeError(about, bytes, inputBytesMax);
  // What must be small enough is looked at before any of it is taken.
  const bounded = coding !== 'identity' || headerLength === undefined || headerLength <= 0;
  const most = bounded ? inputBytesMax : bodyBytesMax;
  if (length !== undefined && length > most) throw refuse(length);
  if (coding === 'identity' && headerLength !== undefined) {
    if (length !== undefined) checkHeaderLength(headerLength, length);
    if (headerLength > inputBytesMax) throw refuse(headerLength);
  }
  // JSON that is large goes to a thread, with its memory.
  const givesBack = coding === 'identity' && headerLength !== undefined && headerLength <= keptJsonBytesMax;
  const body = await call.receive({ bytesMax: most, refuse, givesBack });
  try {
    const pieces = coding === 'identity' ? body.pieces : await inflated(body, coding, inputBytesMax);
    let bytes = 0;
    for (const { byteLength } of pieces) bytes += byteLength;
    if (headerLength !== undefined) checkHeaderLength(headerLength, bytes);
    if (headerLength === 0) return { ...toRawRequest(model.spec, pieces), body };
    const blobs = new Blobs(pieces, bytes);
    const jsonBytes = headerLength ?? bytes;
    const text = blobs.takeParts(jsonBytes);
    const wire = await json.read(text, jsonBytes, { tensorBytesMax: inputBytesMax });
    const read = toInferRequest(wire, {
      model: model.spec.name,
      regions: server.regions,
      blobs: headerLength === undefined ? undefined : blobs,
    });
    return { request: read.request, form: read.form, body };
  } finally {
    body.letGo();
  }
}

function inflated(body: ReceivedBody, coding: 'gzip' | 'deflate', most: number): Promise<Uint8Array[]> {
  let bytes = 0;
  return decompress(body.pieces, coding, (more) => {
    bytes += more;
    if (bytes > most) {
      throw invalidArgument(
        `Decompressed data size exceeds the maximum allowed value of ${most} bytes. ${remedy}`,
      );
    }
    body.grow(more);
  });
}

const remedy = 'Use --http-max-input-size to increase the limit.';

function tooLargeError({ coding, headerLength }: Announced, bytes: number, most: number): Error {
  const allowed =
    headerLength === 0 ? 'exceeds the maximum allowed value' : 'exceeds the maximum allowed input size';
  const what =
    coding !== 'identity'
      ? `compressed request size of ${bytes} bytes`
      : headerLength === 0
        ? `Raw input has a byte_size (${bytes} bytes) that`
        : `request JSON size of ${bytes} bytes`;
  return invalidArgument(`${what} ${allowed} of ${most} bytes. ${remedy}`);
}

/** How an answer is written. */
interface AnswerParts {
  readonly request: InferRequest;
  readonly form: AnswerForm;
  readonly json: JsonCodec;
}

/** Outputs up to this are copied behind the JSON, which is cheaper than to send two pieces and free their memory later. */
const copiedBytesMax = 16 * 1024;

async function toAnswer(response: InferResponse, { request, form, json }: AnswerParts): Promise<HttpAnswer> {
  const { source, modelName, modelVersion } = response;
  // What lies in shared memory by now.
  const shared = request.regions?.outputs;
  let held = true;
  try {
    const outputs = response.outputs.map((tensor) => {
      const { name, datatype, shape, data } = tensor;
      const as = shared?.has(name) === true ? 'nothing' : isBinary(form, name) ? 'binary' : 'json';
      return { name, datatype, shape, data, as, binaryBytes: data.byteLength } as const;
    });
    const head: ResponseForm = { layout: 'infer', id: request.id, modelName, modelVersion, outputs };
    let text = rememberedHead(source, head);
    if (text === undefined) {
      text = await json.write(head);
      rememberHead(source, head, text);
    }
    const blobs = outputs.filter(({ as }) => as === 'binary').map(({ data }) => data);
    if (blobs.length === 0) return { status: 200, headers: jsonHeaders, body: text };
    const headers = binaryHeaders(total(text));
    const pieces = [...text, ...blobs.filter(({ byteLength }) => byteLength > 0)];
    if (total(pieces) <= copiedBytesMax) return { status: 200, headers, body: Buffer.concat(pieces) };
    held = false;
    return { status: 200, headers, body: pieces, release: () => response.release() };
  } finally {
    if (held) response.release();
  }
}

function isBinary({ binary }: AnswerForm, name: string): boolean {
  return binary === 'all' || binary.has(name);
}

const jsonHeaders = { 'content-type': 'application/json' };

function binaryHeaders(jsonBytes: number): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': String(jsonBytes),
  };
}

function total(pieces: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const { byteLength } of pieces) bytes += byteLength;
  return bytes;
}

async function compressed(answer: HttpAnswer, coding: 'gzip' | 'deflate'): Promise<HttpAnswer> {
  const { status, headers, body = '', release } = answer;
  try {
    const pieces =
      typeof body === 'string' ? [Buffer.from(body)] : body instanceof Uint8Array ? [body] : body;
    const coded = await compress(pieces, coding);
    return { status, headers: { ...headers, 'content-encoding': coding }, body: coded };
  } finally {
    release?.();
  }
}
