import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, errorOf, type HttpAsk } from './http.js';
import { startServer, testModels, type TestServer } from './server.js';

/** A request, and what it is refused with. */
export interface Refused {
  readonly what: string;
  readonly model?: string;
  readonly asked: HttpAsk;
  readonly status: number;
  readonly error: string;
}

/** An input but for its data. */
export const plain = { name: 'INPUT0', datatype: 'FP32', shape: [1, 2] };
export const good = { ...plain, data: [1, 2] };

export function input(more: object, base: object = plain): HttpAsk {
  return { body: JSON.stringify({ inputs: [{ ...base, ...more }] }) };
}

export function request(more: object, base: object = { inputs: [good] }): HttpAsk {
  return { body: JSON.stringify({ ...base, ...more }) };
}

export function text(body: string): HttpAsk {
  return { body };
}

/** A request whose one input is data of a datatype. */
export function typed(datatype: string, data: string, shape = '[1,2]'): HttpAsk {
  return text(`{"inputs":[{"name":"INPUT0","datatype":"${datatype}","shape":${shape},"data":${data}}]}`);
}

export function headed(value: string, body = '{}'): HttpAsk {
  return { headers: { 'inference-header-content-length': value }, body };
}

export const source =
  "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But";
export const parse = 'failed to parse the request JSON buffer:';
export const access = 'attempt to access JSON';
export const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** One test for each request, of a server of its own. */
export function expectRefusals(refusals: readonly Refused[]): void {
  let server: TestServer;
  before(async () => {
    server = await startServer({ repository: testModels, http: { inputBytesMax: 4096 } });
  });
  after(() => server.close());
  for (const { what, model = 'identity_fp32', asked, status, error } of refusals) {
    test(`${what} is refused`, async () => {
      const answer = await ask(server.httpPort, `/v2/models/${model}/infer`, asked);
      assert.deepEqual([answer.status, errorOf(answer)], [status, error]);
      assert.equal(answer.headers['content-type'], 'application/json');
      if (error.startsWith('Unsupported compression')) {
        assert.equal(answer.headers['accept-encoding'], 'gzip, deflate');
      }
    });
  }
}
