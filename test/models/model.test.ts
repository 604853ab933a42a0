import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model, type VersionState } from '../../src/models/model.js';
import type { ModelVersion } from '../../src/models/model-version.js';

// What a model knows of a version is its number.
const loaded = (version: number): ModelVersion => ({ version }) as ModelVersion;

const states: Readonly<Record<string, (version: number) => VersionState>> = {
  loading: () => ({ kind: 'loading' }),
  ready: (version) => ({ kind: 'ready', loaded: loaded(version) }),
  unloading: (version) => ({ kind: 'unloading', loaded: loaded(version) }),
  unavailable: () => ({ kind: 'unavailable', reason: 'why' }),
};

function modelOf(versions: Readonly<Record<number, string>>): Model {
  const model = new Model('m');
  for (const [version, state] of Object.entries(versions)) {
    model.set(Number(version), states[state]!(Number(version)));
  }
  return model;
}

const picks: readonly { versions: Record<number, string>; asked: number | undefined; picked: number }[] = [
  { versions: { 1: 'ready', 3: 'ready', 2: 'ready' }, asked: undefined, picked: 3 },
  { versions: { 1: 'ready', 3: 'ready', 2: 'ready' }, asked: 2, picked: 2 },
  { versions: { 9: 'ready', 10: 'ready' }, asked: undefined, picked: 10 },
  { versions: { 1: 'ready', 2: 'loading', 3: 'unloading', 4: 'unavailable' }, asked: undefined, picked: 1 },
  { versions: { 0: 'ready' }, asked: undefined, picked: 0 },
];

for (const { versions, asked, picked } of picks) {
  test(`of ${JSON.stringify(versions)} version ${asked ?? 'any'} is served by ${picked}`, () => {
    assert.equal(modelOf(versions).pick(asked).version, picked);
  });
}

const unknown = "Request for unknown model: 'm'";

const refusals: readonly {
  versions: Record<number, string>;
  asked: number | undefined;
  code: string;
  message: string;
}[] = [
  { versions: {}, asked: undefined, code: 'not-found', message: `${unknown} has no available versions` },
  {
    versions: { 1: 'loading' },
    asked: undefined,
    code: 'not-found',
    message: `${unknown} has no available versions`,
  },
  { versions: { 1: 'ready' }, asked: 2, code: 'not-found', message: `${unknown} version 2 is not found` },
  {
    versions: { 1: 'loading' },
    asked: 1,
    code: 'unavailable',
    message: `${unknown} version 1 is not at ready state`,
  },
  {
    versions: { 1: 'unloading' },
    asked: 1,
    code: 'unavailable',
    message: `${unknown} version 1 is not at ready state`,
  },
  {
    versions: { 1: 'unavailable' },
    asked: 1,
    code: 'unavailable',
    message: `${unknown} version 1 is not at ready state`,
  },
];

for (const { versions, asked, code, message } of refusals) {
  test(`of ${JSON.stringify(versions)} version ${asked ?? 'any'} is refused`, () => {
    assert.throws(() => modelOf(versions).pick(asked), { code, message });
  });
}

test('versions are listed in ascending order, and the ready ones apart', () => {
  const model = modelOf({ 10: 'ready', 9: 'loading', 2: 'ready' });
  assert.deepEqual(
    model.versions.map(([version]) => version),
    [2, 9, 10],
  );
  assert.deepEqual(
    model.readyVersions.map(({ version }) => version),
    [2, 10],
  );
});

test('a version that is set again has its new state', () => {
  const model = modelOf({ 1: 'loading' });
  model.set(1, { kind: 'ready', loaded: loaded(1) });
  assert.equal(model.pick(1).version, 1);
  assert.equal(model.versions.length, 1);
});
