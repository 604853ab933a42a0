import { ModelInstanceGroup_Kind as Kind, type ModelConfig } from '../../generated/model_config_pb.js';
import { toSessionSettings } from '../parameters.js';
import { at, unsupported, type Problem } from '../problem.js';

/** What Triton has and this server has not yet: refused by name, never ignored. */
export function* checkUnsupported(config: ModelConfig): Generator<Problem> {
  for (const [path, given, remedy] of missing(config)) {
    if (given) yield at(path, unsupported(`'${path}' is not supported yet for ${config.name}`, remedy));
  }
}

function missing(config: ModelConfig): (readonly [path: string, given: boolean, remedy: string])[] {
  const { schedulingChoice: choice, platform } = config;
  return [
    [
      'sequence_batching',
      choice.case === 'sequenceBatching',
      'a model that keeps nothing from one request to the next does without: remove it',
    ],
    [
      'ensemble_scheduling',
      choice.case === 'ensembleScheduling' || platform === 'ensemble',
      'call the models of its steps one after another from the client',
    ],
    [
      'model_transaction_policy.decoupled',
      config.modelTransactionPolicy?.decoupled === true,
      'an ONNX model answers exactly once: remove model_transaction_policy',
    ],
  ];
}

/** Without auto-completion a config has to name what Triton would read from the model. */
export function* checkListed(config: ModelConfig): Generator<Problem> {
  if (config.output.length > 0 || config.backend !== 'onnxruntime') return;
  yield unsupported(
    `config.pbtxt of model '${config.name}' lists no output, and auto-completion of configs is switched off`,
    'list every input and output of the model with its name, data_type and dims, or start the server without --disable-auto-complete-config',
  );
}

/** A GPU has its own copy of the weights in its own memory. */
export function* checkSharing(config: ModelConfig): Generator<Problem> {
  if (!toSessionSettings(config).shareWeights) return;
  for (const { name, kind } of config.instanceGroup) {
    if (kind !== Kind.GPU) continue;
    yield at(
      'parameters["nereid.share_weights"]',
      unsupported(
        `parameter 'nereid.share_weights' is not supported for KIND_GPU, which instance group ${name} of model ${config.name} has`,
        'remove the parameter, or set kind: KIND_CPU',
      ),
    );
  }
}
