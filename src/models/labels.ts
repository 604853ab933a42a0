import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describeProblem } from '../config/problem.js';
import type { ModelSpec } from '../config/tensor-spec.js';
import { InferenceError } from '../inference/error.js';
import { fileErrorReason } from './file-error.js';

/** Class names by output name; an index without a name has none. */
export type Labels = ReadonlyMap<string, readonly string[]>;

/** Reads the label files that a model's outputs name: one label a line, counted from 0. */
export async function readLabels(spec: ModelSpec, folder: string): Promise<Labels> {
  const labels = new Map<string, readonly string[]>();
  for (const { name, labelFile } of spec.outputs) {
    if (labelFile === '') continue;
    const file = path.resolve(folder, labelFile);
    if (path.relative(folder, file).split(path.sep)[0] === '..') {
      throw new InferenceError(
        'unsupported',
        `label file path '${file}' for output '${name}' in model '${spec.name}' is outside model directory`,
      );
    }
    labels.set(name, await readLines(file, name));
  }
  return labels;
}

async function readLines(file: string, output: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const message = `failed to open text file for read ${file}: ${fileErrorReason(error)}`;
    const remedy = `put the file there, or correct label_filename of output '${output}'`;
    throw new InferenceError('internal', describeProblem({ message, remedy }), { cause: error });
  }
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
