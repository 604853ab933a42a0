import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseModelConfig } from '../../src/config/parse.js';

/**
 * Texts that must fail, each with the place and the words in which protobuf's C++ parser says so (taken from
 * it), and what we add to that.
 */
export function testRejected(rows: readonly (readonly [text: string, said: string, added: string])[]): void {
  for (const [text, said, added] of rows) {
    test(`a config ${JSON.stringify(text)} is refused with the place and the reason`, () => {
      assert.throws(() => parseModelConfig(text, 'config.pbtxt'), {
        code: 'internal',
        message: `failed to read text proto from config.pbtxt:${said}${added === '' ? '' : ` ${added}`}`,
      });
    });
  }
}
