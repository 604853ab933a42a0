import { instancesKey } from '../config/parameters.js';
import { describeProblem } from '../config/problem.js';
import type { ModelSpec } from '../config/tensor-spec.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError } from '../inference/error.js';
import { nowUs } from '../inference/now.js';
import { InlineInstance } from '../instances/inline-instance.js';
import { ThreadInstance } from '../instances/instance.js';
import { measureRun, type MeasuredRun } from '../instances/measure-run.js';
import type { OpenMessage } from '../instances/messages.js';
import type { OpenInstance } from '../instances/pool.js';
import { inlineRunUsMax, type SlowRuns } from '../instances/run-watch.js';
import type { Log } from '../telemetry/log.js';
import { warmedUp, type WarmUp } from './warmup.js';

/** Who hears of what becomes of an instance on the event loop. */
export interface InlineNews {
  readonly log: Log;
  /** The instance of a place is to be opened anew, which is in a thread now. */
  readonly onSlow: (index: number) => void;
}

interface InlineSource {
  readonly config: ModelConfig;
  readonly spec: ModelSpec;
  readonly version: number;
  readonly heapLimitMb?: number;
  readonly warmUp: WarmUp;
}

const remedy = `remove its parameter '${instancesKey}'`;

/**
 * Opens on the event loop what was measured to be short enough for it. What turns out to be too long while
 * it serves is opened in a thread from then on, until the model is loaded again.
 */
export function openInline(
  { config, spec, version, heapLimitMb, warmUp }: InlineSource,
  {
    modelAt,
    inThread,
    news: { log, onSlow },
  }: {
    readonly modelAt: (index: number) => OpenMessage;
    readonly inThread: OpenInstance;
    readonly news: InlineNews;
  },
): OpenInstance {
  const fields = { model: config.name, version };
  const subject = `model '${config.name}' version ${version}`;
  let tooSlow = false;
  let serves = false;
  return async (index, onDeath) => {
    if (tooSlow) return inThread(index, onDeath);
    const model = { ...modelAt(index), nice: 0 };
    const measured = await measure(model, spec, heapLimitMb);
    if (measured.kind === 'measured' && measured.medianUs > inlineRunUsMax) {
      const message = `${subject} cannot run on the event loop: ${batchOf(spec)} takes ${figure(measured.medianUs)}, more than ${inlineRunUsMax} µs`;
      throw new InferenceError('unsupported', describeProblem({ message, remedy }));
    }
    const startedUs = nowUs();
    const instance = await InlineInstance.open(model, {
      onSlow(runs) {
        tooSlow = true;
        log.warning(`${subject} ${describeSlow(runs)}. It moves to a thread. To mend it: ${remedy}`, fields);
        if (serves) onSlow(index);
      },
    });
    // So that the first requests do not pay for it.
    const openedUs = nowUs();
    await measureRun(instance, { spec, outputs: instance.outputs });
    await warmedUp(instance, warmUp);
    if (tooSlow) {
      await instance.close();
      return inThread(index, onDeath);
    }
    serves = true;
    const opened = `${subject} runs on the event loop; opening it took ${figure(openedUs - startedUs)}`;
    if (measured.kind === 'measured') {
      log.info(`${opened}, and ${batchOf(spec)} takes ${figure(measured.medianUs)}`, fields);
    } else log.warning(`${opened}. How long its runs take is not known beforehand: ${measured.why}`, fields);
    return instance;
  };
}

/** In a thread, so that no model that is too slow ever holds the event loop. */
async function measure(
  model: OpenMessage,
  spec: ModelSpec,
  heapLimitMb: number | undefined,
): Promise<MeasuredRun> {
  const probe = await ThreadInstance.open(model, { onDeath() {}, heapLimitMb });
  try {
    return await measureRun(probe, { spec, outputs: probe.outputs });
  } finally {
    await probe.close();
  }
}

function batchOf({ maxBatchSize }: ModelSpec): string {
  return maxBatchSize > 1 ? `a batch of ${maxBatchSize}` : 'a run';
}

function figure(us: number): string {
  return us < 10_000 ? `${Math.round(us)} µs` : `${Math.round(us / 1000)} ms`;
}

function describeSlow({ runCount, slowCount, longestUs }: SlowRuns): string {
  return `holds the event loop for too long: ${slowCount} of its latest ${runCount} runs took more than ${inlineRunUsMax} µs, the longest ${figure(longestUs)}`;
}
