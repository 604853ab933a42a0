import { InferenceError, toInferenceError } from '../../inference/error.js';
import { fromWallMs, nowUs } from '../../inference/now.js';
import type { InferRequest } from '../../inference/request.js';
import type { RequestTrace } from '../../inference/request-trace.js';
import type { Server } from '../../server/server.js';
import { toFailure } from './call-failure.js';
import { decodeChunkedInferRequest } from './codec/chunked-request.js';
import { decodeInferRequest, type WireInferRequest } from './codec/infer-request.js';
import { errorFrame, responseFrame, type ErrorResponse } from './codec/stream-response.js';
import { inferenceService, type Definitions } from './definitions.js';
import type { InferOptions } from './infer-options.js';
import { stoppedIntakeError, type Intake } from './intake.js';
import { toStatus } from './status.js';
import { toInferRequest } from './to-request.js';
import { beginTrace, TracedFrame } from './trace.js';
import type { Call, StreamCall, StreamHandler, StreamMethod, WireMessage } from './transport.js';

/**
 * ModelStreamInfer: many requests in flight on one stream, answered in the order in which they came.
 * A request that fails is answered in the stream, which goes on. No more requests are read while the
 * client reads more slowly than it asks, and while too much waits for an earlier answer's turn.
 */
export function modelStreamInfer(
  server: Server,
  definitions: Definitions,
  intake: Intake,
  options: InferOptions = {},
): StreamMethod<WireInferRequest, WireMessage> {
  const { path } = definitions.method(inferenceService, 'ModelStreamInfer');
  return {
    kind: 'stream',
    path,
    codec: {
      decode: decodeInferRequest,
      decodeChunks: decodeChunkedInferRequest,
      encode: (frame) => frame,
    },
    compress: true,
    clientStreams: true,
    open: (call) => new InferStream({ ...options, server, intake, path }, call),
  };
}

/** Requests of one stream that may be under way, and bytes of answers that may wait for their turn. */
const turnsMax = 1024;
const heldBytesMax = 64 * 1024 * 1024;

/** A request of the stream that was not answered yet; `answer` is set when its turn may come. */
interface Turn {
  request: InferRequest | undefined;
  answer: WireMessage | undefined;
  /** Ends with the turn, however it ends. */
  trace: RequestTrace | undefined;
}

/** What an answer repeats of its request. */
type Origin = Pick<WireInferRequest, 'modelName' | 'modelVersion' | 'id'>;

/** What all streams share. */
interface StreamParts extends InferOptions {
  readonly server: Server;
  readonly intake: Intake;
  readonly path: string;
}

class InferStream implements StreamHandler<WireInferRequest> {
  readonly #parts: StreamParts;
  readonly #call: StreamCall<WireMessage>;
  /** The client wants the first error of an execution as the status of the whole stream. */
  readonly #failWhole: boolean;
  /** That of the stream holds for each of its requests. */
  readonly #deadlineUs: number;
  #turns: Turn[] = [];
  #ended = false;
  #over = false;
  #heldBytes = 0;
  #clientReads = true;
  #paused = false;

  constructor(parts: StreamParts, call: StreamCall<WireMessage>) {
    this.#parts = parts;
    this.#call = call;
    this.#failWhole = call.metadata('triton_grpc_error') === 'true';
    this.#deadlineUs = fromWallMs(call.deadlineMs);
    call.onCancel = () => this.#abandon();
  }

  onMessage(message: WireInferRequest): void {
    if (this.#over) return;
    const turn: Turn = { request: undefined, answer: undefined, trace: undefined };
    this.#turns.push(turn);
    this.#balance();
    this.#infer(message, turn);
  }

  onEnd(): void {
    this.#ended = true;
    this.#flush();
  }

  onDrain(): void {
    this.#clientReads = true;
    this.#flush();
  }

  /** Starts a request. What is awaited keeps the names in the message and not the message. */
  #infer(message: WireInferRequest, turn: Turn): void {
    const { modelName, modelVersion, id } = message;
    const { server, intake, forwarder } = this.#parts;
    const { traces } = server;
    const startUs = traces.active ? nowUs() : 0;
    try {
      if (intake.stopped) throw stoppedIntakeError();
      const model = server.pick(modelName, modelVersion);
      const request = toInferRequest(message, server.regions);
      forwarder?.forward(this.#call.allMetadata(), request);
      request.deadlineUs = this.#deadlineUs;
      turn.request = request;
      if (traces.active) turn.trace = beginTrace(traces, { call: this.#call, model, request, startUs });
      server.infer(model, request).then(
        (response) =>
          this.#answerOrFail(turn, { modelName, modelVersion, id }, () => {
            turn.trace?.stamp('INFER_RESPONSE_COMPLETE');
            const frame = responseFrame(response, id);
            return turn.trace === undefined ? frame : new TracedFrame(frame, turn.trace);
          }),
        (error: unknown) => this.#failed(turn, { modelName, modelVersion, id }, toInferenceError(error)),
      );
    } catch (error) {
      this.#tellFailed(error, { modelName });
      this.#answer(turn, errorFrame({ message: toInferenceError(error).message, id }));
    }
  }

  #answerOrFail(turn: Turn, origin: Origin, encode: () => WireMessage): void {
    let answer: WireMessage;
    try {
      answer = encode();
    } catch (error) {
      this.#failed(turn, origin, toInferenceError(error));
      return;
    }
    this.#answer(turn, answer);
  }

  #failed(turn: Turn, { modelName, modelVersion, id }: Origin, error: InferenceError): void {
    turn.trace?.end(error);
    if (this.#over) return;
    if (error.executed && this.#failWhole) {
      this.#call.fail(error);
      this.#abandon();
      return;
    }
    this.#tellFailed(error, { modelName, request: turn.request });
    const rejected: ErrorResponse = { message: error.message, id };
    this.#answer(
      turn,
      errorFrame(error.executed ? { ...rejected, executed: { modelName, modelVersion } } : rejected),
    );
  }

  /** The stream goes on, so its transport does not know of it. */
  #tellFailed(thrown: unknown, about: Pick<Call, 'modelName' | 'request'>): void {
    const { onFailure, path } = this.#parts;
    if (onFailure === undefined) return;
    const failure = toFailure({ ...about, peer: this.#call.peer }, path, toStatus(thrown));
    if (failure !== undefined) onFailure(failure);
  }

  #answer(turn: Turn, answer: WireMessage): void {
    turn.answer = answer;
    turn.request = undefined;
    this.#heldBytes += answer.byteLength;
    this.#flush();
  }

  /** Sends the answers whose turn has come, as far as the client reads, and the end behind the last one. */
  #flush(): void {
    if (this.#over) return;
    let sent = 0;
    for (const { answer } of this.#turns) {
      if (answer === undefined || !this.#clientReads) break;
      if (!this.#call.write(answer)) this.#clientReads = false;
      this.#heldBytes -= answer.byteLength;
      sent++;
    }
    if (sent > 0) this.#turns.splice(0, sent);
    this.#balance();
    if (!this.#ended || this.#turns.length > 0) return;
    this.#over = true;
    this.#call.end();
  }

  /** Reads requests, or stops reading them, as there is room. */
  #balance(): void {
    const room = this.#turns.length < turnsMax && this.#heldBytes < heldBytesMax;
    const pause = !this.#clientReads || !room;
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#call.pause();
    else this.#call.resume();
  }

  /** Nobody listens any more: what waits is cancelled, what runs is dropped when it is done. */
  #abandon(): void {
    this.#over = true;
    for (const { request, trace } of this.#turns) {
      request?.cancel();
      trace?.end({ message: 'the stream has ended' });
    }
    this.#turns = [];
  }
}
