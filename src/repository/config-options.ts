import { builtInMaxBatchSize } from '../config/auto-complete.js';

/** How configs are found, and whether their models complete them. */
export interface ConfigOptions {
  /** Whether a config may leave out what its model says of itself, or be left out. */
  readonly autoComplete: boolean;
  /** `max_batch_size` for a model that can be batched and whose config names none. */
  readonly defaultMaxBatchSize: number;
  /** Of several configs the one to use, where a model has it: `configs/<name>.pbtxt`. */
  readonly configName: string | undefined;
}

export const defaultConfigOptions: ConfigOptions = {
  autoComplete: true,
  defaultMaxBatchSize: builtInMaxBatchSize,
  configName: undefined,
};
