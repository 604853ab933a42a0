import type { ModelSpec } from '../config/tensor-spec.js';
import type { SessionSettings } from '../config/parameters.js';
import type { ErrorCode } from '../inference/error.js';
import type { Datatype } from '../tensors/datatype.js';
import type { RegionPlace } from '../tensors/region-bytes.js';

/** What an instance's thread is started with. */
export interface OpenMessage {
  /** The instance's name, for error texts. */
  readonly name: string;
  readonly modelFile: string;
  readonly spec: ModelSpec;
  readonly session: SessionSettings;
  readonly intraOpThreads: number;
  /** Steps of priority by which its threads stay behind the rest of the process. */
  readonly nice: number;
  /** A GPU's number, or -1 for the CPU. */
  readonly gpu: number;
  /** A folder into which the model is to be written in a form whose weights can be shared. */
  readonly shareIn?: string;
  /** The file has that form already. */
  readonly shared?: boolean;
}

/**
 * Where a tensor lies in a slot, and the shape that the model sees; `index` counts the config's inputs and,
 * behind them, the targets of its batch inputs.
 */
export interface InputSpan {
  readonly index: number;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly byteLength: number;
}

/** A dimension that has the size of an input's, which carries the same symbol. */
export interface LinkedDim {
  /** Counts the config's inputs. */
  readonly input: number;
  readonly axis: number;
}

/** What the runtime says of an output: one whose size is known before the run is written straight into the slot. */
export interface OutputPlan {
  /** The shape of one row (of the whole, without batching), or undefined when it depends on the data. */
  readonly rowShape: readonly (number | LinkedDim)[] | undefined;
  /** Bytes of a row, to be multiplied by its linked dimensions. */
  readonly rowBytes: number;
}

/** Rows that lie in a client's shared memory, and where they belong in the slot. */
export interface RegionRead extends RegionPlace {
  readonly offset: number;
}

/** A batch to run. `wanted` counts the config's outputs; the area for them starts at `outputsAt`. */
export interface Run {
  readonly slot: ArrayBufferLike;
  readonly batchSize: number;
  readonly inputs: readonly InputSpan[];
  readonly wanted: readonly number[];
  readonly outputsAt: number;
  /** What is to be read into the slot before the run; absent where that is nothing. */
  readonly reads?: readonly RegionRead[];
}

/** Batches that are run one after another and answered together: short runs share the cost of a crossing. */
export interface RunMessage {
  readonly kind: 'run';
  readonly runs: readonly Run[];
}

/** No more batches will come: finish and end the thread. */
export interface LeaveMessage {
  readonly kind: 'leave';
}

export type ToThread = RunMessage | LeaveMessage;

/** An output of a run: in the slot (`buffer` undefined) or in a buffer of its own. */
export interface OutputSpan {
  readonly index: number;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly buffer: ArrayBufferLike | undefined;
  readonly offset: number;
  readonly byteLength: number;
}

/** An error between threads. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly stack: string | undefined;
}

export type FromThread =
  /** The session is open. */
  | { readonly kind: 'ready'; readonly outputs: readonly OutputPlan[] }
  /** The session could not be opened; the thread ends. */
  | { readonly kind: 'refused'; readonly error: ErrorMessage }
  /** The batches have run, each with its result; `tookUs` is the time of all of them. */
  | { readonly kind: 'ran'; readonly results: readonly ThreadResult[]; readonly tookUs: number };

/** How a batch went; the slot comes back either way. */
export type ThreadResult =
  | {
      readonly kind: 'done';
      readonly slot: ArrayBufferLike;
      readonly outputs: readonly OutputSpan[];
      readonly inputEndUs: number;
      readonly inferEndUs: number;
    }
  | { readonly kind: 'failed'; readonly slot: ArrayBufferLike; readonly error: ErrorMessage };
