import type { ModelConfig } from '../generated/model_config_pb.js';

/** How Triton tells, from a config or from the files beside it, what runs a model. */
interface BackendSigns {
  readonly backend: string;
  /** Platforms that mean the backend, with the file that each has. */
  readonly platforms: Readonly<Record<string, string>>;
  /** Files that mean the backend, with the platform that each has; '' for none. */
  readonly files: Readonly<Record<string, string>>;
}

/** In the order in which Triton looks. */
const signs: readonly BackendSigns[] = [
  {
    backend: 'tensorflow',
    platforms: { tensorflow_savedmodel: 'model.savedmodel', tensorflow_graphdef: 'model.graphdef' },
    files: { 'model.savedmodel': 'tensorflow_savedmodel', 'model.graphdef': 'tensorflow_graphdef' },
  },
  {
    backend: 'tensorrt',
    platforms: { tensorrt_plan: 'model.plan' },
    files: { 'model.plan': 'tensorrt_plan' },
  },
  {
    backend: 'onnxruntime',
    platforms: { onnxruntime_onnx: 'model.onnx' },
    files: { 'model.onnx': 'onnxruntime_onnx' },
  },
  { backend: 'openvino', platforms: {}, files: { 'model.xml': '' } },
  {
    backend: 'pytorch',
    platforms: { pytorch_libtorch: 'model.pt', libtorch: 'model.pt', torch_aoti: 'model.pt2' },
    files: { 'model.pt': 'pytorch_libtorch', 'model.pt2': 'torch_aoti' },
  },
  { backend: 'python', platforms: {}, files: { 'model.py': '' } },
];

/**
 * Fills in backend, platform and file name as far as what is given tells them. `entries` is what the first
 * version folder holds: it is looked at only when the config names neither platform nor file.
 */
export function completeBackend(config: ModelConfig, entries: readonly string[]): void {
  if (config.platform === 'ensemble') return;
  const found = signs.find((one) => matches(config, one, entries));
  if (found === undefined) {
    completeCustom(config);
    return;
  }
  config.backend = found.backend;
  completeNames(config, found, entries);
}

function matches(
  { backend, platform, defaultModelFilename: file }: ModelConfig,
  { backend: own, platforms, files }: BackendSigns,
  entries: readonly string[],
): boolean {
  if (backend !== '') return backend === own;
  if (Object.hasOwn(platforms, platform) || Object.hasOwn(files, file)) return true;
  return platform === '' && file === '' && entries.some((entry) => Object.hasOwn(files, entry));
}

function completeNames(
  config: ModelConfig,
  { platforms, files }: BackendSigns,
  entries: readonly string[],
): void {
  const there = entries.find((entry) => Object.hasOwn(files, entry));
  const names = Object.keys(files);
  // With several kinds of files, only what is there or said can tell which.
  const only = names.length === 1 ? names[0] : undefined;
  const file = config.defaultModelFilename || (platforms[config.platform] ?? there ?? only ?? '');
  if (config.platform === '') config.platform = files[file] ?? files[only ?? ''] ?? '';
  if (config.defaultModelFilename === '') config.defaultModelFilename = file;
}

/** A folder `resnet.foo` has a model for the backend `foo`, if nothing says otherwise. */
function completeCustom(config: ModelConfig): void {
  const { backend, platform, defaultModelFilename, name } = config;
  const dot = name.indexOf('.');
  if (backend !== '' || platform !== '' || defaultModelFilename !== '' || dot < 0) return;
  config.backend = name.slice(dot + 1);
  config.defaultModelFilename = `model.${config.backend}`;
}
