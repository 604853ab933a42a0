import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { brokenModels, startServer, type TestServer } from '../support/server.js';

let server: TestServer;

before(async () => {
  server = await startServer({ repository: brokenModels });
});

after(() => server.close());

const file = (name: string): string => path.join(brokenModels, name);

/** What each model's entry in the index says; what follows is what it needs to be mended. */
const reasons: Readonly<Record<string, string>> = {
  bad_field: `Internal: failed to read text proto from ${file('bad_field/config.pbtxt')}:4:16: Message type "inference.ModelConfig" has no field named "max_batch_sizes". (did you mean 'max_batch_size'?)`,
  bad_label: `Internal: failed to open text file for read ${file('bad_label/missing.txt')}: no such file or directory. To mend it: put the file there, or correct label_filename of output 'OUTPUT1'`,
  bad_syntax: `Internal: failed to read text proto from ${file('bad_syntax/config.pbtxt')}:5:7: Expected "{", found "]". (in input[0]: is there a comma too many before it, or a "[" missing?)`,
  bf16: `Unsupported: unsupported datatype TYPE_BF16 for input 'INPUT0' for model 'bf16' (in input[0].data_type, line 6, column 20). To mend it: onnxruntime-node cannot carry BF16 tensors: export the model with FP16 or FP32 at its edges`,
  decoupled: `Unsupported: 'model_transaction_policy.decoupled' is not supported yet for decoupled (in model_transaction_policy.decoupled, line 14, column 28). To mend it: an ONNX model answers exactly once: remove model_transaction_policy`,
  ensemble: `Unsupported: 'ensemble_scheduling' is not supported yet for ensemble (in ensemble_scheduling, line 12, column 1). To mend it: call the models of its steps one after another from the client`,
  good: '',
  gpu_only:
    'Invalid argument: instance group gpu_only_0 of model gpu_only has kind KIND_GPU but no GPUs are available (in instance_group[0].kind, line 13, column 20). To mend it: set kind: KIND_CPU; or, on a machine with an NVIDIA GPU, install the CUDA libraries of onnxruntime-node (see "GPU" in README.md)',
  missing_file: `Internal: failed to stat file ${file('missing_file/1/model.onnx')}. To mend it: put the model there as model.onnx`,
  nereid_key: `Unsupported: unknown parameter 'nereid.batch_dely' for nereid_key (in parameters["nereid.batch_dely"], line 14, column 1). To mend it: did you mean 'nereid.batch_delay'?`,
  no_versions: `Invalid argument: at least one version must be available under the version policy of model 'no_versions'. To mend it: put the model file into a folder whose name is the version, as in 'no_versions/1/model.onnx'`,
  not_onnx: `Internal: onnx runtime error 1: Load model from ${file('not_onnx/1/model.onnx')} failed:Protobuf parsing failed. It is not an ONNX model, or it is damaged: export or copy it again.`,
  optional_input: `Invalid argument: unable to load model 'optional_input', optional input 'INPUT1' is not supported for models that support batching`,
  other_backend: `Invalid argument: unable to find backend library for backend 'pytorch', try specifying runtime on the model configuration (in backend, line 3, column 1). To mend it: this server runs ONNX models only: export the model to ONNX and write backend: "onnxruntime"`,
  sequence: `Unsupported: 'sequence_batching' is not supported yet for sequence (in sequence_batching, line 14, column 1). To mend it: a model that keeps nothing from one request to the next does without: remove it`,
  unknown_output: `Invalid argument: unexpected inference output 'OUTPUT9', allowed outputs are: OUTPUT0, OUTPUT1`,
  wrong_datatype: `Invalid argument: unable to load model 'wrong_datatype', configuration expects datatype TYPE_INT32 for input 'INPUT0', model provides TYPE_FP32`,
  wrong_shape: `Invalid argument: model 'wrong_shape', tensor 'INPUT0': the model expects 2 dimensions (shape [-1,4]) but the model configuration specifies 2 dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape [-1,8])`,
};

test('the index has every model of the folder, each with its state and what is wrong with it', async () => {
  assert.deepEqual(
    await server.server.index('', false),
    Object.entries(reasons).map(([name, reason]) => ({
      name,
      version: name === 'no_versions' ? '' : '1',
      state: name === 'good' ? 'READY' : 'UNAVAILABLE',
      reason,
    })),
  );
});

for (const [name, reason] of Object.entries(reasons)) {
  if (reason === '') continue;
  test(`the log says once why ${name} does not serve`, () => {
    const about = server.lines.filter((line) => line.includes(`failed to load '${name}'`));
    assert.equal(about.length, 1);
    const [, text = ''] = /\] (".*")$/.exec(about[0] ?? '') ?? [];
    const version = /^failed to load '\w+' version 1: /.test(JSON.parse(text)) ? ' version 1' : '';
    assert.equal(JSON.parse(text), `failed to load '${name}'${version}: ${reason}`);
  });
}

test('what else is wrong with a config is logged too', () => {
  const also = server.lines.filter((line) => line.includes(`also wrong with 'bf16'`));
  assert.equal(also.length, 1);
  assert.match(also[0] ?? '', /TYPE_BF16 for output 'OUTPUT0'/);
});

test('a model beside broken ones serves, and the server is not ready as a whole', async () => {
  assert.equal(server.complete, false);
  assert.deepEqual(
    (await server.server.index('', true)).map(({ name }) => name),
    ['good'],
  );
  assert.equal(server.server.modelReady('good', ''), true);
  assert.equal(server.server.modelReady('bad_field', ''), false);
  assert.equal(server.server.ready(), false);
  assert.equal(server.server.live(), true);
});
