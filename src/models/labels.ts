import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelSpec } from '../config/tensor-spec.js';
import { InferenceError } from '../inference/error.js';

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
    labels.set(name, await readLines(file));
  }
  return labels;
}

async function readLines(file: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InferenceError('internal', `failed to open text file for read ${file}: ${reason}`, {
      cause: error,
    });
  }
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
