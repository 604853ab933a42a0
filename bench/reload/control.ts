import { copyFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { BenchModel } from '../models/catalog.js';
import { ServiceClient } from '../service-client.js';

const unloadMsMax = 30_000;
const askEveryMs = 20;

/** Has models loaded and unloaded, and asks them. */
export class ModelControl {
  readonly #client: ServiceClient;

  constructor(port: number) {
    this.#client = new ServiceClient(port);
  }

  /** How long it took, in ms. */
  async load(model: string): Promise<number> {
    const startMs = performance.now();
    await this.#client.call('RepositoryModelLoad', { model_name: model });
    return performance.now() - startMs;
  }

  /** Loads a model that comes with the call; how long it took, in ms. */
  async push(model: BenchModel, file: Uint8Array): Promise<number> {
    const { name, maxBatchSize: max_batch_size, graph } = model;
    const { inputs, outputs } = graph();
    const [input, output] = [inputs, outputs].map((tensors) =>
      tensors.map((one) => ({ name: one.name, data_type: `TYPE_${one.type}`, dims: one.shape.slice(1) })),
    );
    const config = { name, backend: 'onnxruntime', max_batch_size, input, output };
    const parameters = {
      config: { string_param: JSON.stringify(config) },
      'file:1/model.onnx': { bytes_param: file },
    };
    const startMs = performance.now();
    await this.#client.call('RepositoryModelLoad', { model_name: name, parameters });
    return performance.now() - startMs;
  }

  /** How long it took until nothing of it was left, in ms. */
  async unload(model: string): Promise<number> {
    const startMs = performance.now();
    await this.#client.call('RepositoryModelUnload', { model_name: model });
    while ((await this.#state(model)) !== 'UNAVAILABLE') {
      if (performance.now() - startMs > unloadMsMax) throw new Error(`'${model}' does not go`);
      await wait(askEveryMs);
    }
    return performance.now() - startMs;
  }

  /** The last number of a model's answer, as the load process counts answers by. */
  async mark(request: Buffer): Promise<string> {
    const {
      raw_output_contents: [output],
    } = await this.#client.call<{ raw_output_contents: Buffer[] }>('ModelInfer', request);
    if (output === undefined) throw new Error('the model answered without an output');
    return output.readFloatLE(output.byteLength - 4).toFixed(3);
  }

  close(): void {
    this.#client.close();
  }

  async #state(model: string): Promise<string | undefined> {
    const { models } = await this.#client.call<{ models: { name: string; state: string }[] }>(
      'RepositoryIndex',
      {},
    );
    return models.find(({ name }) => name === model)?.state;
  }
}

/** Puts a file in the place of another at once, as a careful user does. */
export async function replaceFile(file: string, by: string): Promise<void> {
  // Outside of the version's folder: what lies there belongs to the model.
  const unfinished = `${path.dirname(path.dirname(path.dirname(file)))}.part`;
  await copyFile(by, unfinished);
  await rename(unfinished, file);
}
