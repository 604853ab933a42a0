import type { BatchingSpec, DelayMode } from '../config/batching.js';
import type { ModelSpec } from '../config/tensor-spec.js';
import type { Batcher } from './batcher.js';
import { fitsRule } from './fits.js';
import { exactDelay } from './delay.js';
import { DelayTuner } from './delay-tuner.js';
import { DirectBatcher } from './direct.js';
import { DynamicBatcher } from './dynamic-batcher.js';

/** What a server says of batching to all its models. */
export interface BatchingOptions {
  /** For models that do not say it themselves; undefined: by what their configs look like. */
  readonly delayMode?: DelayMode | undefined;
  /** Dynamic batchers give nothing out until so many requests wait for the first time. */
  readonly heldBack?: number;
  /** Bytes that large samples may have together in a batch. */
  readonly largeBytesMax?: number;
}

/** The batcher that a config asks for; `spec` is undefined when it asks for no batching. */
export function createBatcher(
  spec: BatchingSpec | undefined,
  model: ModelSpec,
  {
    heldBack = 0,
    largeBytesMax = Infinity,
    instanceCount,
  }: BatchingOptions & { readonly instanceCount: number },
): Batcher {
  if (spec === undefined) return new DirectBatcher();
  const parts = { spec, fits: fitsRule(model), heldBack, largeBytesMax };
  // Without a delay there is nothing to learn but the size that holds an objective.
  const nothingToLearn = spec.delayUs === 0 && spec.objectiveUs === undefined;
  if (spec.delayMode === 'exact' || nothingToLearn)
    return new DynamicBatcher({ ...parts, delay: exactDelay(spec) });
  const { delayUs: maxDelayUs, batchSizeMax: maxBatchSize, objectiveUs } = spec;
  const tuner = new DelayTuner({
    maxDelayUs,
    maxBatchSize,
    instanceCount,
    ...(objectiveUs === undefined ? {} : { objectiveUs }),
  });
  return new DynamicBatcher({ ...parts, delay: tuner, learntAt: (nowUs) => tuner.stateAt(nowUs) });
}
