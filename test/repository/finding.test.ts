import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigText } from '../../src/config/parse.js';
import { describeProblem } from '../../src/config/problem.js';
import { InferenceError } from '../../src/inference/error.js';
import { finding, fromError, mergeVersions } from '../../src/repository/finding.js';

const error = (message: string): InferenceError => new InferenceError('internal', message);

test('the remedy of an error stands by itself again', () => {
  const found = fromError(error(describeProblem({ message: 'no file', remedy: 'make one' })));
  assert.deepEqual(found, finding('no file', 'make one'));
});

test('texts of Triton that say no remedy get one', () => {
  const text =
    "unable to load model 'm', configuration expects datatype TYPE_INT64 for input 'x', model provides TYPE_FP32";
  assert.deepEqual(fromError(error(text)), finding(text, 'write data_type: TYPE_FP32'));
  assert.equal(fromError(error('never heard of')).remedy, '');
});

test('an error about a tensor or a sample is found in the config', () => {
  const text =
    'input { name: "a" }\ninput { name: "x" }\noutput { name: "x" }\nmodel_warmup { name: "s" inputs { key: "x" } }';
  const { config, placeOf } = parseConfigText(text, 'config.pbtxt');
  const places = { file: 'config.pbtxt', placeOf };
  const where = (message: string): string => {
    const { field, file, line } = fromError(error(message), { config, places });
    return `${field} ${file}:${line}`;
  };
  assert.equal(where("bad input 'x' of m"), 'input[1] config.pbtxt:2');
  assert.equal(where("bad output 'x' of m"), 'output[0] config.pbtxt:3');
  assert.equal(where("failed to run warmup sample 's': input 'x' is bad"), 'model_warmup[0] config.pbtxt:4');
  assert.equal(where("bad input 'z' of m"), 'undefined undefined:undefined');
});

test('a text that could not be read says its file and its place', () => {
  try {
    parseConfigText('\nname: 3', '/models/a:b/config.pbtxt');
    assert.fail('it was read');
  } catch (thrown) {
    assert.ok(thrown instanceof InferenceError);
    const { file, line, column } = fromError(thrown);
    assert.deepEqual([file, line, column], ['/models/a:b/config.pbtxt', 2, 7]);
  }
});

test('what stands against several versions alike is one finding', () => {
  const [a, b] = [finding('a', ''), finding('b', '')];
  assert.deepEqual(
    mergeVersions([{ ...a, versions: [1] }, { ...b, versions: [1] }, { ...a, versions: [2] }, a]),
    [{ ...a, versions: [1, 2] }, { ...b, versions: [1] }, a],
  );
});
