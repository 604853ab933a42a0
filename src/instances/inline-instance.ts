import { nowUs } from '../inference/now.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import type { Session } from './backend.js';
import { toOutput, type HandBack, type RunResult } from './instance.js';
import type { OpenMessage, OutputPlan, Run } from './messages.js';
import type { PooledInstance } from './pool.js';
import { readRegions } from './region-reads.js';
import { RunWatch, type SlowRuns } from './run-watch.js';

export interface InlineOptions {
  /** Told when runs hold the loop for too long, and again every 30 s while they do. */
  readonly onSlow: (runs: SlowRuns) => void;
}

/**
 * An instance on the event loop itself: nothing crosses to a thread and back, which is what costs most where
 * runs are short. Slots stay where they are. Bound: one run in a turn of the loop, because the backend puts
 * each off to the end of the turn; so reads and timers have their turn between the runs of a hand-off.
 */
export class InlineInstance implements PooledInstance {
  readonly name: string;
  readonly outputs: readonly OutputPlan[];
  readonly #session: Session;
  readonly #onSlow: InlineOptions['onSlow'];
  readonly #watch = new RunWatch();
  #held: Promise<HandBack> | undefined;
  #closed: Promise<void> | undefined;

  constructor(name: string, session: Session, { onSlow }: InlineOptions) {
    this.name = name;
    this.outputs = session.outputs;
    this.#session = session;
    this.#onSlow = onSlow;
  }

  /** Opens the model's session, which holds the loop for as long as the runtime reads and optimizes the model. */
  static async open(model: OpenMessage, options: InlineOptions): Promise<InlineInstance> {
    // Only here, so that a server without such models does without the runtime on its main thread.
    const { openOnnx } = await import('./backends/onnx.js');
    return new InlineInstance(model.name, await openOnnx(model), options);
  }

  run(runs: readonly Run[]): Promise<HandBack> {
    if (this.#held !== undefined) throw new Error(`${this.name} holds batches already. This is a bug.`);
    if (this.#closed !== undefined) {
      return Promise.reject(new InferenceError('unavailable', `instance '${this.name}' has been closed`));
    }
    this.#held = this.#runAll(runs).finally(() => (this.#held = undefined));
    return this.#held;
  }

  /** Closes the session after the runs that the instance may hold. */
  close(): Promise<void> {
    this.#closed ??= this.#leave();
    return this.#closed;
  }

  async #leave(): Promise<void> {
    await this.#held;
    await this.#session.close();
  }

  /** `tookUs` is what the runs take of the loop; the turns between them belong to others. */
  async #runAll(runs: readonly Run[]): Promise<HandBack> {
    const results: RunResult[] = [];
    let tookUs = 0;
    for (const run of runs) {
      const { result, heldUs } = await this.#runOne(run);
      results.push(result);
      tookUs += heldUs;
    }
    return { results, tookUs };
  }

  async #runOne(run: Run): Promise<{ result: RunResult; heldUs: number }> {
    const { slot } = run;
    const beganUs = nowUs();
    let resumedUs: number | undefined;
    // The backend's run comes right behind this in the same turn: what lies between is not its own.
    setImmediate(() => (resumedUs = nowUs()));
    let waitsSinceUs = beganUs;
    let result: RunResult;
    try {
      if (run.reads !== undefined) readRegions(slot, run.reads);
      const running = this.#session.run(run);
      waitsSinceUs = nowUs();
      const { outputs, inputEndUs, inferEndUs } = await running;
      const tensors = outputs.map((output) => toOutput(output, slot));
      result = { kind: 'done', slot, outputs: tensors, inputEndUs, inferEndUs };
    } catch (error) {
      result = { kind: 'failed', slot, error: toInferenceError(error) };
    }
    const endedUs = nowUs();
    const heldUs = endedUs - beganUs - ((resumedUs ?? waitsSinceUs) - waitsSinceUs);
    const slow = this.#watch.observe(heldUs, endedUs);
    if (slow !== undefined) this.#onSlow(slow);
    return { result, heldUs };
  }
}
