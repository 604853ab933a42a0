import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { completeModelConfig } from '../config/complete.js';
import { parseModelConfig } from '../config/parse.js';
import type { Problem } from '../config/problem.js';
import { checkModelConfig } from '../config/rules.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError } from '../inference/error.js';
import { isFolder, type ModelLayout } from './layout.js';

/** A config that was read and completed, and what is wrong with it. */
export interface ReadConfig {
  readonly config: ModelConfig;
  readonly problems: readonly Problem[];
}

export async function readConfig(layout: ModelLayout, gpus: readonly number[]): Promise<ReadConfig> {
  const file = path.join(layout.folder, 'config.pbtxt');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InferenceError('internal', `failed to open text file for read ${file}: ${reason}`, {
      cause: error,
    });
  }
  const config = completeModelConfig(parseModelConfig(text, file), {
    folder: layout.name,
    hasOnnxFile: layout.hasOnnxFile,
    gpus,
  });
  return { config, problems: checkModelConfig(config, { folder: layout.name, gpus }) };
}

/** The file that a version is opened from: the named one, or `model.onnx` inside a folder of that name. */
export async function locateModelFile(config: ModelConfig, folder: string, version: number): Promise<string> {
  const file = path.join(folder, String(version), config.defaultModelFilename);
  try {
    await stat(file);
  } catch (error) {
    throw new InferenceError('internal', `failed to stat file ${file}`, { cause: error });
  }
  if (!(await isFolder(file))) return file;
  const inside = path.join(file, 'model.onnx');
  try {
    await stat(inside);
  } catch (error) {
    throw new InferenceError(
      'unavailable',
      `unable to find '${inside}' for model instance '${config.name}'`,
      { cause: error },
    );
  }
  return inside;
}
