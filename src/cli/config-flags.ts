import { defaultConfigOptions, type ConfigOptions } from '../repository/config-options.js';
import type { BackendConfig } from './backend-config.js';
import type { FlagReader } from './flag-reader.js';
import { UsageError } from './usage-error.js';

const strict = 'strict-model-config';
const disable = 'disable-auto-complete-config';

/** What the flags say of how configs are found and completed. */
export function readConfigFlags(read: FlagReader, { defaultMaxBatchSize }: BackendConfig): ConfigOptions {
  const configName = read.given('model-config-name') ? read.text('model-config-name') : undefined;
  if (configName === '') throw new UsageError('Error: empty argument for --model-config-name');
  return {
    autoComplete: !read.given(disable) && !read.boolean(strict),
    defaultMaxBatchSize: defaultMaxBatchSize ?? defaultConfigOptions.defaultMaxBatchSize,
    configName,
  };
}

/** Triton's warnings about the older flag, which the newer one overrides. */
export function warnOfStrictness(read: FlagReader): string[] {
  if (!read.given(strict)) return [];
  const deprecated = `Warning: '--${strict}' has been deprecated! Please use '--${disable}' instead.`;
  if (!read.given(disable) || read.boolean(strict)) return [deprecated];
  return [
    deprecated,
    `Warning: Overriding deprecated '--${strict}' from False to True in favor of '--${disable}'!`,
  ];
}
