import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeModelConfig } from '../../src/config/complete.js';
import { parseModelConfig } from '../../src/config/parse.js';

type Found = readonly [backend: string, platform: string, file: string];
const onnx: Found = ['onnxruntime', 'onnxruntime_onnx', 'model.onnx'];
const none: Found = ['', '', ''];

/** What a config and the files of its first version folder make of backend, platform and file name. */
const rows: readonly (readonly [text: string, entries: readonly string[], found: Found, folder?: string])[] =
  [
    // Ensembles
    ['platform: "ensemble"', ['model.onnx'], ['', 'ensemble', '']],
    // TensorFlow
    ['platform: "tensorflow_savedmodel"', [], ['tensorflow', 'tensorflow_savedmodel', 'model.savedmodel']],
    ['platform: "tensorflow_graphdef"', [], ['tensorflow', 'tensorflow_graphdef', 'model.graphdef']],
    ['', ['model.savedmodel'], ['tensorflow', 'tensorflow_savedmodel', 'model.savedmodel']],
    ['default_model_filename: "model.graphdef"', [], ['tensorflow', 'tensorflow_graphdef', 'model.graphdef']],
    ['', ['model.onnx', 'model.graphdef'], ['tensorflow', 'tensorflow_graphdef', 'model.graphdef']],
    // TensorRT
    ['platform: "tensorrt_plan"', [], ['tensorrt', 'tensorrt_plan', 'model.plan']],
    ['default_model_filename: "model.plan"', [], ['tensorrt', 'tensorrt_plan', 'model.plan']],
    ['', ['model.plan'], ['tensorrt', 'tensorrt_plan', 'model.plan']],
    ['', ['model.onnx', 'model.plan'], ['tensorrt', 'tensorrt_plan', 'model.plan']],
    // ONNX
    ['', ['model.onnx'], onnx],
    ['', ['labels.txt', 'model.onnx', 'model.onnx.data'], onnx],
    ['backend: "onnxruntime"', [], onnx],
    ['platform: "onnxruntime_onnx"', [], onnx],
    ['default_model_filename: "model.onnx"', [], onnx],
    ['backend: "onnxruntime" platform: "onnx"', [], ['onnxruntime', 'onnx', 'model.onnx']],
    [
      'platform: "onnxruntime_onnx" default_model_filename: "a.onnx"',
      [],
      ['onnxruntime', 'onnxruntime_onnx', 'a.onnx'],
    ],
    [
      'backend: "onnxruntime" default_model_filename: "a.onnx"',
      [],
      ['onnxruntime', 'onnxruntime_onnx', 'a.onnx'],
    ],
    ['default_model_filename: "a.onnx"', ['model.onnx'], ['', '', 'a.onnx']],
    ['platform: "onnx"', ['model.onnx'], ['', 'onnx', '']],
    ['backend: "mine"', ['model.onnx'], ['mine', '', '']],
    // OpenVINO, PyTorch, Python
    ['', ['model.bin', 'model.xml'], ['openvino', '', 'model.xml']],
    ['default_model_filename: "model.xml"', [], ['openvino', '', 'model.xml']],
    ['platform: "pytorch_libtorch"', [], ['pytorch', 'pytorch_libtorch', 'model.pt']],
    ['', ['model.pt'], ['pytorch', 'pytorch_libtorch', 'model.pt']],
    ['', ['model.pt2'], ['pytorch', 'torch_aoti', 'model.pt2']],
    ['', ['model.py'], ['python', '', 'model.py']],
    ['backend: "python"', [], ['python', '', 'model.py']],
    // Backends that are named by the folder
    ['', [], ['foo', '', 'model.foo'], 'resnet.foo'],
    ['name: "a.b.c"', [], ['b.c', '', 'model.b.c']],
    ['', ['model.onnx'], onnx, 'resnet.foo'],
    ['platform: "x"', [], ['', 'x', ''], 'resnet.foo'],
    ['', [], none],
    ['', ['resnet.onnx'], none],
  ];

for (const [text, versionEntries, found, folder = 'm'] of rows) {
  test(`2.2 '${text}' in '${folder}' with [${versionEntries.join(', ')}] has the backend '${found[0]}'`, () => {
    const around = { folder, hasOnnxFile: versionEntries.includes('model.onnx'), versionEntries, gpus: [] };
    const config = completeModelConfig(parseModelConfig(text, 'p'), around);
    assert.deepEqual([config.backend, config.platform, config.defaultModelFilename], found);
  });
}

test('2.3 a TensorFlow model has two instances on the CPU, as an ONNX model has, others have one', () => {
  const count = (backend: string): number | undefined =>
    completeModelConfig(parseModelConfig(`backend: "${backend}"`, 'p'), {
      folder: 'm',
      hasOnnxFile: false,
      gpus: [],
    }).instanceGroup[0]?.count;
  assert.deepEqual(['onnxruntime', 'tensorflow', 'python', 'pytorch', 'mine'].map(count), [2, 2, 1, 1, 1]);
});
