import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { completeModelConfig } from '../../src/config/complete.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { toModelSpec } from '../../src/config/tensor-spec.js';
import { InferenceError } from '../../src/inference/error.js';
import type { RunResult } from '../../src/instances/instance.js';
import type { Run } from '../../src/instances/messages.js';
import type { PooledInstance } from '../../src/instances/pool.js';
import { prepareWarmUp } from '../../src/models/warmup.js';
import { defaultLogSettings } from '../../src/telemetry/log.js';
import { memoryLog, withFolder } from './server.js';

/** A run as an instance was given it. */
interface Given {
  readonly batchSize: number;
  readonly inputs: readonly { index: number; shape: readonly number[]; bytes: Buffer }[];
  readonly wanted: readonly number[];
}

interface WarmedUp {
  readonly runs: readonly Given[];
  readonly lines: readonly string[];
  readonly error: InferenceError | undefined;
}

function recorder(runs: Given[], fail: (run: number) => boolean): PooledInstance {
  return {
    name: 'm_0_1',
    outputs: [],
    close: () => Promise.resolve(),
    run: ([run]: readonly Run[]) => {
      const { slot, batchSize, wanted } = run!;
      const inputs = run!.inputs.map(({ index, shape, offset, byteLength }) => ({
        index,
        shape,
        bytes: Buffer.from(Buffer.from(slot, offset, byteLength)),
      }));
      runs.push({ batchSize, wanted, inputs });
      const error = new InferenceError('internal', 'onnx runtime error 1: no');
      const result: RunResult = fail(runs.length)
        ? { kind: 'failed', slot, error }
        : { kind: 'done', slot, outputs: [], inputEndUs: 0, inferEndUs: 0 };
      return Promise.resolve({ results: [result], tookUs: 0 });
    },
  };
}

const tensors = `
  input { name: "F" data_type: TYPE_FP32 dims: [ -1 ] }
  input { name: "B" data_type: TYPE_BOOL dims: [ 400 ] }
  input { name: "S" data_type: TYPE_STRING dims: [ -1 ] }
  output { name: "Z" data_type: TYPE_FP32 dims: [ 1 ] }
  output { name: "Y" data_type: TYPE_FP32 dims: [ 1 ] }`;

/** Warms up an instance of a model `m` that keeps what it is given. */
export async function warmUp(
  samples: string,
  {
    files = {},
    batch = 4,
    rest = '',
    fail = () => false,
  }: {
    files?: Record<string, Uint8Array>;
    batch?: number;
    rest?: string;
    fail?: (run: number) => boolean;
  } = {},
): Promise<WarmedUp> {
  const text = `backend: "onnxruntime" max_batch_size: ${batch} ${tensors} ${rest} ${samples}`;
  const config = completeModelConfig(parseModelConfig(text, 'config.pbtxt'), {
    folder: 'm',
    hasOnnxFile: true,
    gpus: [],
  });
  const { log, lines } = memoryLog({ ...defaultLogSettings, verboseLevel: 1, escape: false });
  const runs: Given[] = [];
  return withFolder(async (folder) => {
    for (const [name, bytes] of Object.entries(files)) {
      const file = path.join(folder, 'warmup', name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
    try {
      await (
        await prepareWarmUp(config, { spec: toModelSpec(config), folder }, log)
      )(recorder(runs, fail));
      return { runs, lines, error: undefined };
    } catch (error) {
      assert.ok(error instanceof InferenceError);
      error.message = error.message.replaceAll(folder, '<folder>');
      return { runs, lines, error };
    }
  });
}

/** An input of a sample. */
export const input = (name: string, type: string, about: string): string =>
  `inputs { key: "${name}" value { data_type: TYPE_${type} ${about} } }`;
/** What the model requires. */
export const zeros = [
  input('F', 'FP32', 'dims: [ 2 ] zero_data: true'),
  input('B', 'BOOL', 'dims: [ 400 ] zero_data: true'),
  input('S', 'STRING', 'dims: [ 3 ] zero_data: true'),
];
/** A sample `s`. */
export const sample = (about: string, inputs = zeros): string =>
  `model_warmup { name: "s" ${about} ${inputs.join(' ')} }`;

/** Makes an input N of the model. */
export const batchInput =
  'batch_input { kind: BATCH_ELEMENT_COUNT target_name: "N" data_type: TYPE_INT32 source_input: "F" }';
/** N as a sample's own. */
export const override = (type: string): string => input('N', type, 'dims: [ 1 ] input_data_file: "n"');
/** The file of it. */
export const sevens = { n: Uint8Array.of(7, 0, 0, 0) };
