import type { ModelConfig } from '../../generated/model_config_pb.js';
import { at, invalid, type Problem } from '../problem.js';

const onnxBackend = 'backend: "onnxruntime"';

/** What is said of the model as a whole: its name, what runs it, which of its versions serve. */
export function* checkIdentity(config: ModelConfig): Generator<Problem> {
  const { name, platform, backend, defaultModelFilename } = config;
  if (platform === '' && backend === '' && defaultModelFilename === '') {
    yield at(
      'backend',
      invalid(
        `Invalid model name: Could not determine backend for model '${name}' with no backend in model configuration. ` +
          `Expected model name of the form 'model.<backend_name>'.`,
        `write ${onnxBackend}, or put the model into its version folder as model.onnx`,
      ),
    );
    return;
  }
  if (name === '') {
    yield at(
      'name',
      invalid(`model configuration must specify 'name'`, 'write name: "<the folder\'s name>"'),
    );
  }
  yield* checkPair(config);
}

function* checkPair({ name, platform, backend }: ModelConfig): Generator<Problem> {
  if (backend === '') {
    if (platform === 'ensemble') return;
    yield platform === ''
      ? at('backend', invalid(`must specify 'platform' or 'backend' for '${name}'`, `write ${onnxBackend}`))
      : at('platform', invalid(`unexpected platform type '${platform}' for ${name}`, otherBackend(platform)));
  } else if (platform === 'ensemble') {
    yield at(
      'platform',
      invalid(
        `Ensemble model '${name}' must have platform type 'ensemble' and empty backend type`,
        'write platform: "ensemble", and no backend',
      ),
    );
  } else if (
    platform !== '' &&
    platformBackends.get(platform) !== (knownBackends.has(backend) ? backend : undefined)
  ) {
    yield at(
      'platform',
      invalid(
        `unexpected 'platform' and 'backend' pair, got:${platform}, ${backend}`,
        backend === 'onnxruntime' || platform === 'onnxruntime_onnx'
          ? `with ${onnxBackend} the only platform is "onnxruntime_onnx"; it may be left out`
          : 'remove platform: the backend says enough',
      ),
    );
  }
}

/** Platforms that belong to a backend of their own; any other backend may have any other platform. */
const platformBackends: ReadonlyMap<string, string> = new Map([
  ['onnxruntime_onnx', 'onnxruntime'],
  ['tensorrt_plan', 'tensorrt'],
  ['tensorflow_graphdef', 'tensorflow'],
  ['tensorflow_savedmodel', 'tensorflow'],
  ['pytorch_libtorch', 'pytorch'],
  ['libtorch', 'pytorch'],
  ['torch_aoti', 'pytorch'],
]);
const knownBackends: ReadonlySet<string> = new Set(platformBackends.values());

/** A name close to ONNX Runtime's is a slip of the pen; any other asks for what is not here. */
function otherBackend(name: string): string {
  return /onnx|^ort/i.test(name)
    ? `write ${onnxBackend}`
    : `this server runs ONNX models only: export the model to ONNX and write ${onnxBackend}`;
}

/** Triton looks at this when all that it asks of a config by itself is right. */
export function* checkFolder({ name }: ModelConfig, folder: string): Generator<Problem> {
  if (name === folder) return;
  yield at(
    'name',
    invalid(
      `unexpected directory name '${folder}' for model '${name}', directory name must equal model name`,
      `rename the folder to '${name}', or remove the line name: "${name}"`,
    ),
  );
}

/** The text of a Triton that was built without the backend. */
export function* checkBackend({ backend }: ModelConfig): Generator<Problem> {
  if (backend === 'onnxruntime' || backend === '') return;
  yield at(
    'backend',
    invalid(
      `unable to find backend library for backend '${backend}', try specifying runtime on the model configuration.`,
      otherBackend(backend),
    ),
  );
}
