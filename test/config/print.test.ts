import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseModelConfig } from '../../src/config/parse.js';
import { printModelConfig, printModelConfigText } from '../../src/config/print.js';
import { anyConfig } from './arbitrary-config.js';

test('a printed config is the same config when it is read again, whatever it says', () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      assert.deepStrictEqual(parseModelConfig(printModelConfigText(config), 'p'), config);
      assert.deepStrictEqual(parseModelConfig(printModelConfig(config), 'p'), config);
    }),
    { numRuns: 300, seed: 6 },
  );
});

test('a config is printed as people write it', () => {
  const text = `name: "m"
max_batch_size: 8
input [
  {
    name: "x"
    data_type: TYPE_FP32
    dims: [ 3, -1 ]
    reshape { }
  },
  {
    name: "y"
  }
]
dynamic_batching {
  preferred_batch_size: [ 4, 8 ]
}
parameters {
  key: "k"
  value {
    string_value: "a \\"b\\"\\n\\001"
  }
}
`;
  const config = parseModelConfig(text, 'p');
  assert.equal(printModelConfigText(config), text);
  assert.match(printModelConfig(config), /^name: "m" max_batch_size: 8 input \[ \{ name: "x" .* \}$/);
});

test('a long list of numbers goes over several lines', () => {
  const config = parseModelConfig(`input { dims: [ ${Array(40).fill('224').join(', ')} ] }`, 'p');
  assert.equal(printModelConfigText(config).split('\n').length, 4 + 42 + 1);
});

test('an empty config is an empty text', () => {
  assert.equal(printModelConfigText(parseModelConfig('', 'p')), '');
});
