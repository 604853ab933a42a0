import type { InferenceError } from '../../src/inference/error.js';
import type { Instance, RunResult } from '../../src/instances/instance.js';
import type { RunMessage } from '../../src/instances/messages.js';

interface Held {
  readonly batch: RunMessage;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: InferenceError) => void;
}

/** An instance whose model returns its first input, when the test says so. */
export class FakeInstance implements Instance {
  readonly name = 'fake';
  held: Held | undefined;
  run(batch: RunMessage): Promise<RunResult> {
    if (this.held !== undefined) throw new Error('It holds a batch already.');
    return new Promise((resolve, reject) => (this.held = { batch, resolve, reject }));
  }

  finish(): void {
    const { batch, resolve } = this.#letGo();
    const { shape, offset, byteLength } = batch.inputs[0]!;
    const data = new Uint8Array(batch.slot, offset, byteLength);
    resolve({ kind: 'done', slot: batch.slot, outputs: [{ index: 0, datatype: 'INT32', shape, data }] });
  }

  fail(error: InferenceError): void {
    const { resolve, batch } = this.#letGo();
    resolve({ kind: 'failed', slot: batch.slot, error });
  }

  die(error: InferenceError): void {
    this.#letGo().reject(error);
  }
  #letGo(): Held {
    const held = this.held!;
    this.held = undefined;
    return held;
  }
}
