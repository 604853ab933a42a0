import type { ModelEnsembling_Step as Step } from '../../generated/model_config_pb.js';

/** A name that steps of an ensemble pass data under. */
export interface EnsembleTensor {
  /** What the step that writes it reads; empty when no step does. */
  sources: readonly string[];
  /** How many inputs of steps it is mapped to. */
  readCount: number;
  /** Whether it is an input of the ensemble, or written from such tensors alone. */
  ready: boolean;
  /** The field that named it first. */
  readonly place: string;
}

export interface TracedTensors {
  /** By name, in the order in which the steps name them. */
  readonly tensors: ReadonlyMap<string, EnsembleTensor>;
  /** Outputs that write what another output has written. */
  readonly rewritten: readonly { readonly tensor: string; readonly step: number; readonly key: string }[];
}

/** Follows the tensors of an ensemble from its inputs through its steps, which may stand in any order. */
export function traceTensors(inputs: readonly string[], steps: readonly Step[]): TracedTensors {
  const tensors = new Map<string, EnsembleTensor>();
  const note = (name: string, place: string): EnsembleTensor => {
    const known = tensors.get(name) ?? { sources: [], readCount: 0, ready: false, place };
    tensors.set(name, known);
    return known;
  };
  const written = new Set<string>();
  const rewritten: { tensor: string; step: number; key: string }[] = [];
  for (const [step, { inputMap, outputMap }] of steps.entries()) {
    const path = `ensemble_scheduling.step[${step}]`;
    for (const [key, tensor] of Object.entries(inputMap)) {
      note(tensor, `${path}.input_map["${key}"]`).readCount++;
    }
    for (const [key, tensor] of Object.entries(outputMap)) {
      if (written.has(tensor)) rewritten.push({ tensor, step, key });
      else note(tensor, `${path}.output_map["${key}"]`).sources = Object.values(inputMap);
      written.add(tensor);
    }
  }
  spread(tensors, inputs);
  return { tensors, rewritten };
}

/** Marks what can be had from the inputs, until nothing new can. */
function spread(tensors: ReadonlyMap<string, EnsembleTensor>, inputs: readonly string[]): void {
  const readers = new Map<string, EnsembleTensor[]>();
  for (const tensor of tensors.values()) {
    for (const source of tensor.sources) readers.set(source, [...(readers.get(source) ?? []), tensor]);
  }
  const names = new Map([...tensors].map(([name, tensor]) => [tensor, name]));
  const pending = inputs.flatMap((name) => tensors.get(name) ?? []);
  for (let tensor = pending.pop(); tensor !== undefined; tensor = pending.pop()) {
    if (tensor.ready) continue;
    tensor.ready = true;
    for (const reader of readers.get(names.get(tensor) ?? '') ?? []) {
      if (reader.sources.every((source) => tensors.get(source)?.ready === true)) pending.push(reader);
    }
  }
}
