import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTarget } from '../../../src/frontends/http/routes.js';

const nothing = { model: '', version: '', repository: '', region: '' };

const found: readonly [path: string, route: string, names?: Partial<typeof nothing>][] = [
  ['/v2', 'server'],
  ['/v2?a=b', 'server'],
  ['/v2/health/live', 'health/live'],
  ['/v2/health/ready', 'health/ready'],
  ['/v2/models/m', 'model', { model: 'm' }],
  ['/v2/models/m?x=/infer', 'model', { model: 'm' }],
  ['/v2/models/a%2Fb c/infer', 'model/infer', { model: 'a%2Fb c' }],
  ['/v2/models/m/versions/007', 'model', { model: 'm', version: '007' }],
  ['/v2/models/m/ready', 'model/ready', { model: 'm' }],
  ['/v2/models/m/versions/3/ready', 'model/ready', { model: 'm', version: '3' }],
  ['/v2/models/m/versions/3/config', 'model/config', { model: 'm', version: '3' }],
  ['/v2/models/m/versions/3/stats', 'model/stats', { model: 'm', version: '3' }],
  ['/v2/models/stats', 'model/stats'],
  ['/v2/models/stats/infer', 'model/infer', { model: 'stats' }],
  ['/v2/models/m/versions/3/infer', 'model/infer', { model: 'm', version: '3' }],
  ['/v2/models/m/generate', 'model/generate', { model: 'm' }],
  ['/v2/models/m/generate_stream', 'model/generate_stream', { model: 'm' }],
  ['/v2/models/m/trace/setting', 'model/trace/setting', { model: 'm' }],
  ['/v2/models/constructor', 'model', { model: 'constructor' }],
  ['/v2/trace/setting', 'trace/setting'],
  ['/v2/logging', 'logging'],
  ['/v2/repository/index', 'repository/index'],
  ['/v2/repository/r/index', 'repository/index', { repository: 'r' }],
  ['/v2/repository/models/m/load', 'repository/load', { model: 'm' }],
  ['/v2/repository/r/models/m/unload', 'repository/unload', { repository: 'r', model: 'm' }],
  ['/v2/systemsharedmemory/status', 'systemsharedmemory/status'],
  ['/v2/systemsharedmemory/region/n/status', 'systemsharedmemory/status', { region: 'n' }],
  ['/v2/systemsharedmemory/region/n/register', 'systemsharedmemory/register', { region: 'n' }],
  ['/v2/cudasharedmemory/unregister', 'cudasharedmemory/unregister'],
  ['/v2/cudasharedmemory/region/n/unregister', 'cudasharedmemory/unregister', { region: 'n' }],
];

for (const [path, route, names] of found) {
  test(`${path} names ${route}`, () => {
    assert.deepEqual(findTarget(path), { ...nothing, route, ...names });
  });
}

const unknown = `
  / /v1 /v2/ /v2/models /v2/models/ /v2/models//infer /v2/health /v2/health/x /v2/models/m/ /v2/models/m/versions/
  /v2/models/m/versions/x /v2/models/m/versions/-1 /v2/models/m/infer/ /v2/models/m/infer/x /v2/models/m/guess
  /v2/models/m/n v2 //v2 /v2/models/m/versions/1/trace/setting /v2/repository /v2/repository/models/m
  /v2/repository/models/m/reload /v2/systemsharedmemory/register /v2/sharedmemory/status
  /v2/systemsharedmemory/region//status /constructor http://host/v2
`
  .trim()
  .split(/\s+/);

for (const path of ['', ...unknown]) {
  test(`'${path}' names nothing`, () => assert.equal(findTarget(path), undefined));
}
