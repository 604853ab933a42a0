import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferenceError } from '../../src/inference/error.js';
import { parseRestrictions, type RestrictionFlag } from '../../src/server/restrictions.js';

const grpc: RestrictionFlag = {
  name: 'grpc-restricted-protocol',
  noun: 'protocol',
  headerPrefix: 'triton-grpc-protocol-',
};
const http: RestrictionFlag = { name: 'http-restricted-api', noun: 'api', headerPrefix: '' };

test('categories get the header and the value that their group names', () => {
  const read = parseRestrictions(['health,metadata:Admin=a=b:c', 'inference:key=v'], grpc);
  assert.deepEqual([...read.keys()], ['health', 'metadata', 'inference']);
  const health = read.get('health')!;
  assert.equal(health.header, 'triton-grpc-protocol-admin');
  assert.equal(health.named, 'triton-grpc-protocol-Admin');
  assert.equal(health.admits('a=b:c'), true);
  for (const wrong of [undefined, '', 'a', 'A=B:C', 'a=b:c ']) assert.equal(health.admits(wrong), false);
  assert.equal(parseRestrictions(['logging:X-Key=v'], http).get('logging')!.header, 'x-key');
});

const refused: readonly [flag: RestrictionFlag, texts: string[], message: string][] = [
  [grpc, ['model-reposit,health:k1=v1'], "unknown restricted protocol 'model-reposit' "],
  [http, ['model-reposit,health:k1=v1'], "unknown restricted api 'model-reposit' "],
  [http, ['health,:k=v'], "unknown restricted api '' "],
  [
    grpc,
    ['model-repository,health:k1=v1', 'metadata,health:k2=v2'],
    "restricted protocol 'health' can not be specified in multiple config groups",
  ],
  [
    http,
    ['inference,inference:k1=v1'],
    "restricted api 'inference' can not be specified in multiple config groups",
  ],
  ...['health', 'health:', 'health:k', 'health:k=', 'health:=v', ':k=v', ''].map(
    (text): [RestrictionFlag, string[], string] => [
      http,
      [text],
      `--http-restricted-api option format is '<config name>:<setting>=<value>'. Got ${text}`,
    ],
  ),
];

for (const [flag, texts, message] of refused) {
  test(`--${flag.name}=${texts.join(' ')} is refused in Triton's words`, () => {
    assert.throws(
      () => parseRestrictions(texts, flag),
      (error) => error instanceof InferenceError && error.message === message,
    );
  });
}
