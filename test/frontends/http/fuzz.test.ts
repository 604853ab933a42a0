import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask } from '../../support/http.js';
import { eventually } from '../../support/eventually.js';
import { startServer, testModels } from '../../support/server.js';
import { fuzzHttp } from './fuzzing.js';

// NEREID_HTTP_FUZZ=20000 sends more, NEREID_HTTP_FUZZ_SEED others.
const count = Number(process.env['NEREID_HTTP_FUZZ'] ?? 3000);
const seed = Number(process.env['NEREID_HTTP_FUZZ_SEED'] ?? 1);

test('bad bodies and bad HTTP are all answered or cut, and leave a healthy server without anything lent', async () => {
  const server = await startServer({
    repository: testModels,
    http: { receiveTimeoutMs: 1000, inputBytesMax: 64 * 1024 },
  });
  try {
    const counts = await fuzzHttp(server.httpPort, { seed, count });
    const statuses = [...counts.keys()].sort((a, b) => a - b);
    assert.ok(statuses.includes(200) && statuses.includes(400) && statuses.includes(500), String(statuses));
    for (const status of statuses) assert.ok(allowed.has(status), String(status));
    const { httpFrontEnd } = server;
    await eventually(
      () => server.lentSlots === 0 && httpFrontEnd.busyCount === 0 && httpFrontEnd.heldBytes === 0,
      'nothing is under way or held',
    );
    const data = [1.5, 2.5];
    const inputs = [{ name: 'INPUT0', shape: [1, 2], datatype: 'FP32', data }];
    const { status, body } = await ask(server.httpPort, '/v2/models/identity_fp32/infer', {
      body: JSON.stringify({ inputs }),
    });
    assert.equal(status, 200);
    assert.match(body.toString(), /"data":\[1\.5,2\.5\]/);
    assert.ok(server.server.ready());
  } finally {
    await server.close();
  }
});

const allowed = new Set([0, 100, 200, 400, 404, 405, 408, 413, 417, 431, 500, 501, 503]);
