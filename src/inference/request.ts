import type { InputTensor } from '../tensors/tensor.js';
import type { RegionUse } from './region-use.js';
import type { RequestTrace } from './request-trace.js';

export type ParameterValue = string | number | boolean | bigint;

/** An output that the caller asked for. */
export interface RequestedOutput {
  readonly name: string;
  /** 0: the tensor itself; else the k best classes as text. */
  readonly classificationCount: number;
}

const noOutputs: readonly RequestedOutput[] = [];
const noParameters: ReadonlyMap<string, ParameterValue> = new Map();

/** Has taken a request, and lets go of it when its caller gives up. */
export interface RequestHolder {
  requestCancelled(): void;
}

/**
 * One inference request: what the caller sent, and its cancellation, which is, beside its trace, the only thing in
 * it that changes once it runs. A request is cancelled at most once; whoever holds it at that moment has put itself
 * into `holder` and is told, everybody after sees `cancelled`.
 */
export class InferRequest {
  readonly id: string;
  readonly inputs: readonly InputTensor[];
  /** Empty: all outputs of the model. */
  readonly outputs: readonly RequestedOutput[];
  /** Correlates the requests of a stateful sequence; 0 or '' when there is none. */
  sequenceId: bigint | string = 0n;
  sequenceStart = false;
  sequenceEnd = false;
  /** 0: the model's default level. */
  priority = 0n;
  /** How long the caller lets it wait in a queue; 0: no limit of its own. */
  timeoutUs = 0n;
  /** When the caller gives up, on the process's clock; Infinity when it named no time. */
  deadlineUs = Infinity;
  /** When a model took it, on the process's clock; 0 before. */
  startUs = 0;
  /** What is meant for the model, not for the server. */
  parameters: ReadonlyMap<string, ParameterValue> = noParameters;
  /** Its caller's shared memory, where it names any. */
  regions: RegionUse | undefined = undefined;
  /** Who holds it now and wants to hear of the cancellation. */
  holder: RequestHolder | undefined = undefined;
  /** What notes how it fares; only where it is sampled. */
  trace: RequestTrace | undefined = undefined;
  #cancelled = false;

  constructor(id: string, inputs: readonly InputTensor[], outputs: readonly RequestedOutput[] = noOutputs) {
    this.id = id;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** Of all inputs together. */
  get inputBytes(): number {
    let bytes = 0;
    for (const { data } of this.inputs) bytes += data.byteLength;
    return bytes;
  }

  /** Puts in the place of an input one that was read from where it lay. */
  replaceInput(index: number, input: InputTensor): void {
    (this.inputs as InputTensor[])[index] = input;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.holder?.requestCancelled();
  }
}

/** The prefix that Triton puts before the messages about one request. */
export function requestPrefix(request: InferRequest): string {
  return `[request id: ${request.id === '' ? '<id_unknown>' : request.id}] `;
}
