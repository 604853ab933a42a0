import path from 'node:path';
import { toSessionSettings } from '../../src/config/parameters.js';
import { toModelSpec } from '../../src/config/tensor-spec.js';
import { InferenceError } from '../../src/inference/error.js';
import { InferRequest } from '../../src/inference/request.js';
import { ThreadInstance, type ThreadOptions } from '../../src/instances/instance.js';
import type { OpenMessage } from '../../src/instances/messages.js';
import type { PooledInstance } from '../../src/instances/pool.js';
import { fillSlot } from '../../src/instances/slot.js';
import { defaultConfigOptions } from '../../src/repository/config-options.js';
import { readConfig } from '../../src/repository/model-files.js';
import { scatter } from '../../src/scheduling/scatter.js';
import { Arena } from '../../src/tensors/arena.js';
import type { InputTensor, Tensor } from '../../src/tensors/tensor.js';
import { testModels } from './server.js';

/** Whether slots are shared memory on this version of Node, as they are in the server. */
export const sharedSlots = Number(process.versions.node.split('.')[0]) >= 22;

export const slots = new Arena({ keptBytesMax: 2 ** 24, shared: sharedSlots });

/** What the thread of a model of the test repository is started with. */
export async function openMessage(name: string, repository = testModels): Promise<OpenMessage> {
  const folder = path.join(repository, name);
  const layout = { name, folder, versions: [1], hasOnnxFile: true };
  const { config } = await readConfig(layout, { gpus: [], configs: defaultConfigOptions });
  return {
    name: `${name}_0`,
    modelFile: path.join(folder, '1/model.onnx'),
    spec: toModelSpec(config),
    session: toSessionSettings(config),
    intraOpThreads: 1,
    nice: 0,
    gpu: -1,
  };
}

/** An output as plain data, with bytes of its own. */
export interface Answer {
  readonly name: string | undefined;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly inSlot: boolean;
}

/** A real instance of one model, and what a test asks of it. */
export class TestInstance {
  readonly real: PooledInstance;
  readonly #model: OpenMessage;

  constructor(real: PooledInstance, model: OpenMessage) {
    this.real = real;
    this.#model = model;
  }

  static async open(name: string, options: Partial<ThreadOptions> = {}): Promise<TestInstance> {
    const model = await openMessage(name);
    const real = await ThreadInstance.open(model, { onDeath() {}, ...options });
    return new TestInstance(real, model);
  }

  /** Runs requests of the given inputs as one batch; a failed run is thrown. */
  async run(...requests: readonly (readonly InputTensor[])[]): Promise<Answer[]> {
    const { spec } = this.#model;
    const batch = requests.map((inputs) => new InferRequest('', inputs));
    const run = fillSlot({ spec, outputs: this.real.outputs }, batch, slots);
    const [result] = (await this.real.run([run])).results;
    if (result === undefined) throw new Error('no result');
    const answers = result.kind === 'failed' ? [] : result.outputs;
    const plain = answers.map(({ index, shape, data }) => ({
      name: spec.outputs[index]?.name,
      shape,
      bytes: Uint8Array.from(data),
      inSlot: data.buffer === result.slot,
    }));
    slots.giveBack(result.slot);
    if (result.kind === 'failed') throw result.error;
    return plain;
  }

  /** Runs requests of the given inputs as one batch and splits the outputs; what a request is refused with stands for its answer. */
  async answer(
    ...requests: readonly (readonly Tensor[])[]
  ): Promise<(ReadonlyMap<string, Tensor> | InferenceError)[]> {
    const { spec } = this.#model;
    const batch = requests.map((inputs) => new InferRequest('', inputs));
    const run = fillSlot({ spec, outputs: this.real.outputs }, batch, slots);
    const [result] = (await this.real.run([run])).results;
    if (result === undefined) throw new Error('no result');
    if (result.kind === 'failed') throw result.error;
    return scatter({ spec, version: 1, arena: slots }, batch, result).map((answer) => {
      if (answer instanceof InferenceError) return answer;
      const outputs = answer.outputs.map(
        (tensor) => [tensor.name, { ...tensor, data: Uint8Array.from(tensor.data) }] as const,
      );
      answer.release();
      return new Map(outputs);
    });
  }
}

/** A tensor over the bytes of typed elements, at an odd address. */
export function tensorOf(
  name: string,
  shape: readonly number[],
  elements: Float32Array | BigInt64Array | Uint8Array,
): Tensor {
  const data = new Uint8Array(elements.byteLength + 1).subarray(1);
  data.set(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
  const datatype =
    elements instanceof Float32Array ? 'FP32' : elements instanceof Uint8Array ? 'BYTES' : 'INT64';
  return { name, datatype, shape, data };
}

/** The numbers that the bytes of an FP32 or INT64 tensor stand for. */
export function floats({ bytes }: Answer): number[] {
  return [...new Float32Array(bytes.buffer)];
}

export function integers({ bytes }: Answer): number[] {
  return Array.from(new BigInt64Array(bytes.buffer), Number);
}
