import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { parseModelConfig } from '../../src/config/parse.js';
import { locateModelFile } from '../../src/repository/model-files.js';
import { writeModel } from '../support/onnx-model.js';
import { withFolder } from '../support/server.js';

const files = 'name: "m" default_model_filename: "a.onnx" cc_model_filenames { key: "8.0" value: "b.onnx" }';

test('models.md 3.4: files by compute capability are not for the CPU, and refused for a GPU', () =>
  withFolder(async (folder) => {
    await writeModel(folder, { '1/a.onnx': '', '1/b.onnx': '' });
    const locate = (group: string): Promise<string> => {
      const config = parseModelConfig(`${files} instance_group { name: "g" ${group} }`, 'config.pbtxt');
      return locateModelFile(config, folder, 1);
    };
    assert.equal(await locate('kind: KIND_CPU'), path.join(folder, '1/a.onnx'));
    await assert.rejects(locate('kind: KIND_GPU'), {
      code: 'unsupported',
      message:
        "'cc_model_filenames' is not supported for KIND_GPU, which instance group g of model m has. To mend it: name the file of this GPU in default_model_filename, and remove cc_model_filenames",
    });
  }));
