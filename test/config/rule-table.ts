import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeModelConfig } from '../../src/config/complete.js';
import { parseConfigText } from '../../src/config/parse.js';
import type { Problem } from '../../src/config/problem.js';
import { checkModelConfig } from '../../src/config/rules.js';

export const input = 'input { name: "X" data_type: TYPE_FP32 dims: [ 4 ] }';
export const output = 'output { name: "Y" data_type: TYPE_FP32 dims: [ 4 ] }';
export const good = `backend: "onnxruntime" ${input} ${output}`;
export const fp32 = 'name: "X" data_type: TYPE_FP32';

/** All that is wrong with the config of a model in the folder `m`. */
export function check(text: string, gpus: readonly number[] = []): Problem[] {
  const { config: written, placeOf } = parseConfigText(text, 'config.pbtxt');
  const config = completeModelConfig(written, { folder: 'm', hasOnnxFile: false, gpus });
  return checkModelConfig(config, { folder: 'm', gpus, placeOf });
}

export function withInput(fields: string): string {
  return `backend: "onnxruntime" ${output} input { ${fields} }`;
}

/** The text of a server without a backend. */
export function library(backend: string): string {
  return `unable to find backend library for backend '${backend}', try specifying runtime on the model configuration.`;
}

export type Row = readonly [text: string, code: Problem['code'], message: string];

/** Configs with one thing wrong, each with its text; the section is that of the reference on Triton. */
export function testRefused(section: string, rows: readonly Row[]): void {
  for (const [text, code, message] of rows) {
    test(`${section} refused: ${message} (${text.replace(good, '…')})`, () => {
      const problems = check(text);
      assert.deepEqual(
        problems.map((problem) => [problem.code, problem.message]),
        [[code, message]],
      );
      for (const { remedy } of problems) assert.notEqual(remedy, '');
    });
  }
}

/** Configs whose first finding is a text, whatever else is wrong with them. */
export function testFirst(
  section: string,
  rows: readonly (readonly [text: string, message: string])[],
): void {
  for (const [text, message] of rows) {
    test(`${section} says first: ${message} (${text})`, () => {
      const [first] = check(text);
      assert.deepEqual([first?.code, first?.message], ['invalid-argument', message]);
      assert.notEqual(first?.remedy, '');
    });
  }
}
