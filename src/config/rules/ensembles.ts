import type { ModelConfig, ModelEnsembling_Step as Step } from '../../generated/model_config_pb.js';
import { traceTensors, type EnsembleTensor } from './ensemble-tensors.js';
import { nearest } from '../nearest.js';
import { at, invalid, type Problem } from '../problem.js';

/** Triton's rules for what the config of an ensemble says by itself; its models are looked at when they are loaded. */
export function* checkEnsemble(config: ModelConfig): Generator<Problem> {
  const { name, platform, schedulingChoice: choice } = config;
  if (choice.case !== 'ensembleScheduling') {
    if (platform !== 'ensemble') return;
    yield at(
      'platform',
      invalid(
        `ensemble scheduling must be set for ensemble ${name} whose platform is ensemble`,
        'add ensemble_scheduling with its steps, or remove platform: "ensemble"',
      ),
    );
    return;
  }
  if (platform !== 'ensemble') {
    yield at(
      'ensemble_scheduling',
      invalid(
        `ensemble scheduling cannot be set for model '${name}' whose platform is not ensemble`,
        'write platform: "ensemble" and no backend, or remove ensemble_scheduling',
      ),
    );
    return;
  }
  yield* checkForeignFields(config);
  const { step: steps } = choice.value;
  if (steps.length === 0) {
    yield at(
      'ensemble_scheduling',
      invalid(`must specify 'step' for ensemble '${name}'`, 'add a step for each model that takes part'),
    );
    return;
  }
  yield* steps.flatMap((step, index) => [...checkStep(step, { name, index })]);
  yield* checkFlow(config, steps);
}

/** What belongs to a model that runs by itself. */
function* checkForeignFields(config: ModelConfig): Generator<Problem> {
  const { name } = config;
  const remedy = (field: string): string => `remove ${field}: the models of the steps have their own`;
  if (config.instanceGroup.length > 0) {
    const message = `instance group should not be specified for ensemble '${name}'`;
    yield at('instance_group', invalid(message, remedy('instance_group')));
  }
  if (config.optimization !== undefined) {
    const message = `optimization should not be specified for ensemble '${name}'`;
    yield at('optimization', invalid(message, remedy('optimization')));
  }
  if (config.modelWarmup.length > 0) {
    const message = `model_warmup can not be specified for ensemble '${name}'`;
    yield at('model_warmup', invalid(message, remedy('model_warmup')));
  }
}

function* checkStep(step: Step, { name, index }: { name: string; index: number }): Generator<Problem> {
  const missing: (readonly [field: string, absent: boolean, example: string])[] = [
    ['model_name', step.modelName === '', 'model_name: "the folder of a model"'],
    [
      'input_map',
      Object.keys(step.inputMap).length === 0,
      'input_map { key: "model input" value: "tensor" }',
    ],
    [
      'output_map',
      Object.keys(step.outputMap).length === 0,
      'output_map { key: "model output" value: "tensor" }',
    ],
  ];
  for (const [field, absent, example] of missing) {
    if (!absent) continue;
    yield at(
      `ensemble_scheduling.step[${index}]`,
      invalid(`must specify '${field}' in step ${index} of ensemble '${name}'`, `write ${example}`),
    );
  }
}

/** Every tensor is written once, from what is there, and read by somebody. */
function* checkFlow({ name, input, output }: ModelConfig, steps: readonly Step[]): Generator<Problem> {
  const { tensors, rewritten } = traceTensors(
    input.map((tensor) => tensor.name),
    steps,
  );
  for (const { tensor, step, key } of rewritten) {
    yield at(
      `ensemble_scheduling.step[${step}].output_map["${key}"]`,
      invalid(
        `ensemble tensor '${tensor}' can appear in an output map only once for ensemble '${name}' step ${step}`,
        'give each output that a step writes a name of its own',
      ),
    );
  }
  for (const [index, tensor] of input.entries()) {
    if (tensors.has(tensor.name)) continue;
    yield at(
      `input[${index}]`,
      invalid(
        `ensemble input '${tensor.name}' for ensemble ${name}' is not used`,
        suggest(tensor.name, tensors, 'map it to an input of a step, or remove it'),
      ),
    );
  }
  for (const [index, tensor] of output.entries()) {
    const problem = checkOutput(tensor.name, tensors, name);
    if (problem !== undefined) yield at(`output[${index}]`, problem);
  }
  const outputs = new Set(output.map((tensor) => tensor.name));
  for (const [tensor, { readCount, place }] of tensors) {
    if (outputs.has(tensor) || readCount > 0) continue;
    yield at(
      place,
      invalid(
        `ensemble tensor '${tensor}' is unused in ensemble '${name}'`,
        'feed it to a step, make it an output, or take it out of the output_map: outputs that nobody reads may be left out',
      ),
    );
  }
}

function checkOutput(
  output: string,
  tensors: ReadonlyMap<string, EnsembleTensor>,
  name: string,
): Problem | undefined {
  const tensor = tensors.get(output);
  if (tensor === undefined) {
    return invalid(
      `ensemble output '${output}' for ensemble ${name}' is not used`,
      suggest(output, tensors, 'let the output_map of a step write it, or remove it'),
    );
  }
  if (tensor.ready) return undefined;
  const cause = tensor.sources.find((source) => tensors.get(source)?.ready !== true);
  const detail =
    cause === undefined ? '' : `: at least one of its depending tensors, '${cause}', is not connected`;
  return invalid(
    `output '${output}' for ensemble '${name}' is not written${detail}`,
    `let a step write '${cause ?? output}', or make it an input of the ensemble`,
  );
}

function suggest(name: string, tensors: ReadonlyMap<string, EnsembleTensor>, otherwise: string): string {
  const meant = nearest(name, tensors.keys());
  return meant === undefined ? otherwise : `did you mean '${meant}'? Else ${otherwise}`;
}
