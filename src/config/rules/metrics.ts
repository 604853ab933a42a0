import type { ModelConfig } from '../../generated/model_config_pb.js';
import { at, invalid, type Problem } from '../problem.js';

/** The families of metrics that a config may say something about. */
export const customizableFamilies: readonly string[] = ['nv_inference_first_response_histogram_ms'];

/** Triton's rules for `model_metrics`. */
export function* checkMetrics({ modelMetrics }: ModelConfig): Generator<Problem> {
  const example = `as in metric_identifier { family: "${customizableFamilies.join()}" }`;
  for (const [index, control] of (modelMetrics?.metricControl ?? []).entries()) {
    const path = `model_metrics.metric_control[${index}]`;
    if (control.metricIdentifier === undefined) {
      yield at(
        path,
        invalid(`metric control must specify 'metric_identifier'`, `name the metric, ${example}`),
      );
    } else if (control.metricIdentifier.family === '') {
      yield at(
        `${path}.metric_identifier`,
        invalid(`metric identifier must specify non-empty 'family'`, `name the metric, ${example}`),
      );
    }
    const buckets = 'list upper bounds, as in histogram_options { buckets: [ 10, 100, 1000 ] }';
    if (control.metricOptions.case === undefined) {
      yield at(path, invalid(`metric control must specify 'histogram_options'`, buckets));
    } else if (control.metricOptions.value.buckets.length === 0) {
      yield at(
        `${path}.histogram_options`,
        invalid(`histogram options must specify non-empty 'buckets'`, buckets),
      );
    }
  }
}
