import type { ModelConfig } from '../generated/model_config_pb.js';

/** Triton's labels of a version: `model`, `version`, `namespace` where names may come twice, and a label for each tag. */
export type SeriesLabels = Readonly<Record<string, string>>;

/**
 * The labels of a version. Tags get an underscore before their names, as in Triton; what no label's name may hold
 * becomes one too, where Triton's metrics would fail.
 */
export function toSeriesLabels(
  { name, metricTags }: ModelConfig,
  { version, namespace }: { version: number; namespace: string | undefined },
): SeriesLabels {
  const tags = Object.entries(metricTags)
    .map(([key, value]) => [`_${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`, value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    model: name,
    version: String(version),
    ...(namespace === undefined ? {} : { namespace }),
    ...Object.fromEntries(tags),
  };
}
