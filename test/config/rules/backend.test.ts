import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRuntime } from '../../../src/config/rules/backend.js';
import { parseModelConfig } from '../../../src/config/parse.js';

const onGpu = 'instance_group { kind: KIND_GPU }';
const accelerator = (list: string, name: string): string =>
  `optimization { execution_accelerators { ${list}_execution_accelerator { name: "${name}" } } }`;

const checksum = (key: string): string =>
  `model_repository_agents { agents { name: "checksum" parameters { key: "${key}" value: "x" } } }`;

const rows: readonly (readonly [section: string, config: string, problem: string | undefined])[] = [
  ['4.5', 'model_operations { }', undefined],
  [
    '4.5',
    'model_operations { op_library_filename: "./a.so" }',
    "unsupported: 'model_operations' is not supported for m",
  ],
  ['2.8', 'model_repository_agents { }', undefined],
  ['2.8', 'model_repository_agents { agents { name: "checksum" } }', undefined],
  ['2.8', checksum('MD5:1/model.onnx'), undefined],
  ['2.8', checksum('md5:aa:b'), undefined],
  ['2.8', checksum('model.onnx'), 'invalid-argument: failed to parse key: model.onnx'],
  ['2.8', checksum('SHA1:x'), 'unsupported: Unsupported checksum algorithm: SHA1'],
  ...['../x', '/etc/passwd', '', '1/../../x'].map(
    (file) =>
      [
        '2.8',
        checksum(`MD5:${file}`),
        `invalid-argument: file '${file}' of agent 'checksum' is outside of the folder of 'm'`,
      ] as const,
  ),
  [
    '2.8',
    'model_repository_agents { agents { name: "relocation" } }',
    "invalid-argument: unable to find 'libtritonrepoagent_relocation.so' for repo agent 'relocation' for model 'm'",
  ],
  [
    '4.4',
    accelerator('cpu', 'openvino'),
    "invalid-argument: unknown Execution Accelerator 'openvino' is requested",
  ],
  ['4.4', accelerator('cpu', 'x'), "invalid-argument: unknown Execution Accelerator 'x' is requested"],
  ['4.4', accelerator('gpu', 'tensorrt'), undefined],
  ['4.4', accelerator('gpu', 'x'), undefined],
  ['4.4', `${accelerator('gpu', 'tensorrt')} ${onGpu}`, undefined],
  ['4.4', `${accelerator('gpu', 'cuda')} ${onGpu}`, undefined],
  [
    '4.4',
    `${accelerator('gpu', 'x')} ${onGpu}`,
    "invalid-argument: unknown Execution Accelerator 'x' is requested",
  ],
];

for (const [section, config, expected] of rows) {
  test(`${section}: ${config} is ${expected === undefined ? 'accepted' : 'refused'}`, () => {
    const problems = [...checkRuntime(parseModelConfig(`name: "m" ${config}`, 'config.pbtxt'))];
    assert.deepEqual(
      problems.map(({ code, message }) => `${code}: ${message}`),
      expected === undefined ? [] : [expected],
    );
    for (const { remedy } of problems) assert.match(remedy, /remove|export|write/);
  });
}
