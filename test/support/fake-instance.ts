import { InferenceError } from '../../src/inference/error.js';
import type { HandBack, Instance, RunResult } from '../../src/instances/instance.js';
import type { Run } from '../../src/instances/messages.js';

interface Held {
  readonly runs: readonly Run[];
  readonly resolve: (result: HandBack) => void;
  readonly reject: (error: InferenceError) => void;
}

/** An instance whose model returns its first input, when the test says so. */
export class FakeInstance implements Instance {
  readonly name = 'fake';
  /** How long it says that each run took. */
  runUs = 1_000_000;
  held: Held | undefined;

  run(runs: readonly Run[]): Promise<HandBack> {
    if (this.held !== undefined) throw new Error('It holds batches already.');
    return new Promise((resolve, reject) => (this.held = { runs, resolve, reject }));
  }

  /** A run that `fails` says so of is failed by the model, the others succeed. */
  finish(fails: (run: Run) => boolean = () => false): void {
    this.#handBack((run) => {
      const { slot, inputs } = run;
      if (fails(run)) return { kind: 'failed', slot, error: new InferenceError('internal', 'bad') };
      const { shape, offset, byteLength } = inputs[0]!;
      const data = new Uint8Array(slot, offset, byteLength);
      return {
        kind: 'done',
        slot,
        outputs: [{ index: 0, datatype: 'INT32', shape, data }],
        inputEndUs: 0,
        inferEndUs: 0,
      };
    });
  }

  fail(error: InferenceError): void {
    this.#handBack(({ slot }) => ({ kind: 'failed', slot, error }));
  }

  die(error: InferenceError): void {
    this.#letGo().reject(error);
  }

  #handBack(result: (run: Run) => RunResult): void {
    const { runs, resolve } = this.#letGo();
    resolve({ results: runs.map(result), tookUs: runs.length * this.runUs });
  }

  #letGo(): Held {
    const held = this.held!;
    this.held = undefined;
    return held;
  }
}
