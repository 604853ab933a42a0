import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeModelConfig } from '../../src/config/complete.js';
import { listNotes } from '../../src/config/notes.js';
import { parseModelConfig } from '../../src/config/parse.js';

function notes(text: string): string[] {
  const around = { folder: 'm', hasOnnxFile: true, gpus: [] };
  return listNotes(completeModelConfig(parseModelConfig(text, 'p'), around)).map((note) => note.text);
}

const noEffect = (what: string): string => `accepted and without effect here: ${what}`;

const rows: readonly (readonly [text: string, notes: readonly string[]])[] = [
  ['', []],
  ['optimization { graph { level: 1 } }', []],
  ['optimization { input_pinned_memory { enable: true } }', []],
  ['cc_model_filenames { key: "7.5" value: "a" }', [noEffect('cc_model_filenames')]],
  ['optimization { priority: PRIORITY_MAX }', [noEffect('optimization.priority')]],
  ['optimization { cuda { graphs: true } }', [noEffect('optimization.cuda')]],
  ['optimization { input_pinned_memory { } }', [noEffect('optimization.input_pinned_memory')]],
  [
    'optimization { output_pinned_memory { enable: false } gather_kernel_buffer_threshold: 2 }',
    [noEffect('optimization.output_pinned_memory, optimization.gather_kernel_buffer_threshold')],
  ],
  ['optimization { eager_batching: true }', [noEffect('optimization.eager_batching')]],
  [
    'optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" } } }',
    [noEffect('optimization.execution_accelerators.gpu_execution_accelerator')],
  ],
  ['instance_group { secondary_devices { } }', [noEffect('instance_group.secondary_devices')]],
  ['instance_group { host_policy: "p" }', [noEffect('instance_group.host_policy')]],
  ['instance_group { rate_limiter { } }', [noEffect('instance_group.rate_limiter')]],
  ['input { format: FORMAT_NCHW }', [noEffect('input.format')]],
  ['runtime: "x"', [noEffect('runtime')]],
  ['response_cache { enable: false }', []],
  ['response_cache { enable: true }', [noEffect('response_cache')]],
  ['metric_tags { key: "a" value: "b" }', []],
  [
    'dynamic_batching { priority_queue_policy { key: 1 } }',
    [noEffect('dynamic_batching.priority_queue_policy without priority_levels')],
  ],
  [
    'model_metrics { metric_control { metric_identifier { family: "nv_inference_first_response_histogram_ms" } } }',
    [],
  ],
  [
    'model_metrics { metric_control { metric_identifier { family: "x" } } }',
    [`Metric family 'x' in 'metric_identifier' is not a customizable metric in Triton core.`],
  ],
  [
    'parameters { key: "x" } parameters { key: "gpu_mem_limit" } parameters { key: "TRITON_BATCH_STRATEGY_PATH" }',
    [
      `parameter 'x' is not known to this server and is not used`,
      `parameter 'gpu_mem_limit' has an effect only on a GPU and is not used`,
      `parameter 'TRITON_BATCH_STRATEGY_PATH' has an effect only with dynamic_batching and is not used`,
    ],
  ],
  [
    'instance_group { passive: true }',
    [`instance group 'm_0' is passive: it gets no thread and no requests`],
  ],
];

for (const [text, expected] of rows) {
  test(`2.7 of '${text}' the log says what has no effect`, () => {
    assert.deepEqual(notes(text), expected);
  });
}
