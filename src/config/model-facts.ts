import type { Datatype } from '../tensors/datatype.js';
import type { Shape } from '../tensors/shape.js';

/** What a model file says of itself, whatever its config says. */
export interface ModelFacts {
  /** In the model's order; without the initializers that may be overridden. */
  readonly inputs: readonly IoFacts[];
  /** In the model's order. */
  readonly outputs: readonly IoFacts[];
  /** Inputs that have a value of their own where a request gives none. */
  readonly initializers: readonly IoFacts[];
}

export type IoFacts = TensorFacts | OtherFacts;

export interface TensorFacts {
  readonly kind: 'tensor';
  readonly name: string;
  /** Undefined for an element type that has no datatype in the protocol. */
  readonly datatype: Datatype | undefined;
  /** ONNX's name of it, such as FLOAT16. */
  readonly elementType: string;
  /** -1 for every dimension that is not fixed; [] for a scalar and where the rank is not known. */
  readonly shape: Shape;
  /** Whether [] certainly means a scalar. */
  readonly ranked: boolean;
}

/** A sequence, a map or an optional: nothing that the protocol carries. */
export interface OtherFacts {
  readonly kind: 'other';
  readonly name: string;
  /** ONNX Runtime's name, such as ONNX_TYPE_SEQUENCE. */
  readonly onnxType: string;
}
