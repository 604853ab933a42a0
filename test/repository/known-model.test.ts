import { create } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelConfigSchema } from '../../src/generated/model_config_pb.js';
import { InferenceError } from '../../src/inference/error.js';
import type { ModelVersion } from '../../src/models/model-version.js';
import { KnownModel } from '../../src/repository/known-model.js';
import { ModelFolder } from '../../src/repository/source.js';
import type { LoadResult, VersionLoader } from '../../src/repository/version-loader.js';
import type { Wanted } from '../../src/repository/wanted.js';

const stamps = { config: '', others: '', versions: new Map([[1, 'a']]) };
const shares = { defaultIntraOpThreads: 1, fewestThreads: 1 };

/** A version that takes other instances, or does not. */
function fakeVersion(version: number, adopts: () => Promise<void>): ModelVersion {
  return { version, adopt: adopts } as Partial<ModelVersion> as ModelVersion;
}

/** Versions that a loader hands out without loading anything, and those that it was given back. */
function fakeLoader(versions: readonly ModelVersion[]): { loader: VersionLoader; retired: ModelVersion[] } {
  const retired: ModelVersion[] = [];
  const loader = {
    load: async (_: Wanted, wanted: readonly number[]): Promise<LoadResult[]> =>
      versions
        .filter(({ version }) => wanted.includes(version))
        .map((loaded) => ({ kind: 'loaded', version: loaded.version, loaded })),
    retire: async (loaded: ModelVersion) => void retired.push(loaded),
  };
  return { loader: loader as Partial<VersionLoader> as VersionLoader, retired };
}

function wanted(versions: readonly number[], config: object = {}): Wanted {
  return {
    kind: 'wanted',
    layout: { name: 'm', folder: 'm', versions, hasOnnxFile: true },
    folder: new ModelFolder('m', async () => {}),
    placeOf: undefined,
    repository: undefined,
    config: create(ModelConfigSchema, config),
    stamps: { ...stamps, versions: new Map(versions.map((version) => [version, 'a'])) },
    versions,
    forced: false,
  };
}

test('a version that cannot have its new instances serves on, and what was loaded beside it is closed', async () => {
  const one = fakeVersion(1, async () => {
    throw new InferenceError('internal', 'no thread left');
  });
  const two = fakeVersion(2, async () => {});
  const { loader, retired } = fakeLoader([one, two]);
  const known = new KnownModel('m', loader);
  assert.deepEqual(await known.load(wanted([1]), shares), { kind: 'ready' });
  const more = wanted([1, 2], { instanceGroup: [{ count: 3 }] });
  const outcome = await known.load(more, shares);
  assert.equal(outcome.kind, 'failed');
  assert.deepEqual(retired, [two]);
  assert.equal(known.model.pick(undefined), one);
  assert.deepEqual(known.present?.versions, [1]);
  assert.equal(known.present.config.instanceGroup.length, 0);
});
