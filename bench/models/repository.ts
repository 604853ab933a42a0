import { access, link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../server-process.js';
import type { BenchModel } from './catalog.js';
import { encodeModel, externalName, type GraphTensor } from './onnx.js';

/** Where made models are kept, and repositories of them; git ignores it. */
const modelsFolder = path.join(root, 'bench/.models');
/** To be counted up when models are made in another way, so that old ones are made anew. */
const generation = 2;

/** How a model is served. */
export interface Serving {
  readonly model: BenchModel;
  readonly instanceCount: number;
  readonly threads: number;
}

/** The model's file, made when it is not there. */
export async function modelFile(model: BenchModel): Promise<string> {
  const folder = path.join(modelsFolder, `made-${generation}`, model.name);
  const file = path.join(folder, 'model.onnx');
  if (await exists(file)) return file;
  // Under another name first: a bench that is broken off leaves no half model.
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  const { model: onnx, external } = encodeModel(model.graph(), { external: model.external === true });
  await writeFile(path.join(unfinished, 'model.onnx'), onnx);
  if (external !== undefined) await writeFile(path.join(unfinished, externalName), external);
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
  return file;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** Where the repository of a name lies. */
export function repositoryFolder(name: string): string {
  return path.join(modelsFolder, 'repositories', name);
}

/** Makes a repository anew that holds just these models, and returns its folder. */
export async function makeRepository(name: string, servings: readonly Serving[]): Promise<string> {
  const repository = repositoryFolder(name);
  await rm(repository, { recursive: true, force: true });
  for (const serving of servings) {
    const { model } = serving;
    const made = path.dirname(await modelFile(model));
    const version = path.join(repository, model.name, '1');
    await mkdir(version, { recursive: true });
    for (const file of ['model.onnx', ...(model.external === true ? [externalName] : [])]) {
      await link(path.join(made, file), path.join(version, file));
    }
    await writeConfig(repository, serving);
  }
  return repository;
}

/** Writes how a model of a repository is served; whoever reads it finds the one before or this one. */
export async function writeConfig(repository: string, serving: Serving): Promise<void> {
  const file = path.join(repository, serving.model.name, 'config.pbtxt');
  await writeFile(`${repository}.part`, configText(serving));
  await rename(`${repository}.part`, file);
}

function configText({ model, instanceCount, threads }: Serving): string {
  const { inputs, outputs } = model.graph();
  const parameters = { intra_op_thread_count: String(threads), ...model.parameters };
  return [
    `name: "${model.name}"`,
    'backend: "onnxruntime"',
    `max_batch_size: ${model.maxBatchSize}`,
    ...inputs.map((tensor) => `input [ ${tensorText(tensor)} ]`),
    ...outputs.map((tensor) => `output [ ${tensorText(tensor)} ]`),
    model.scheduling,
    `instance_group [ { kind: KIND_CPU count: ${instanceCount} } ]`,
    ...Object.entries(parameters).map(
      ([key, value]) => `parameters { key: "${key}" value { string_value: "${value}" } }`,
    ),
    '',
  ].join('\n');
}

function tensorText({ name, type, shape }: GraphTensor): string {
  const dims = shape.slice(1).map((dim) => (typeof dim === 'number' ? dim : -1));
  return `{ name: "${name}" data_type: TYPE_${type} dims: [ ${dims.join(', ')} ] }`;
}
