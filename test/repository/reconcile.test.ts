import { create } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ModelConfigSchema, ModelInstanceGroup_Kind as Kind } from '../../src/generated/model_config_pb.js';
import { reconcile, type Actions } from '../../src/repository/reconcile.js';
import type { ModelStamps } from '../../src/repository/stamps.js';

/** models.md 5.4 and 5.5: what is loaded, what is kept, what goes. */
interface Row {
  readonly what: string;
  readonly present?: { config?: object; stamps?: ModelStamps | undefined; versions: number[] };
  readonly target: {
    config?: object;
    stamps?: ModelStamps | undefined;
    versions: number[];
    forced?: boolean;
  };
  readonly actions: Partial<Actions>;
}

const cpu = (count: number): object => ({ instanceGroup: [{ name: 'm_0', kind: Kind.CPU, count }] });

function stamps(versions: Record<number, string>, rest: Partial<ModelStamps> = {}): ModelStamps {
  const byNumber = new Map(Object.entries(versions).map(([version, stamp]) => [Number(version), stamp]));
  return { config: 'c', others: 'o', versions: byNumber, ...rest };
}

const both = stamps({ 1: 'a', 2: 'b' });

const rows: readonly Row[] = [
  {
    what: 'nothing serves: all is loaded',
    target: { stamps: both, versions: [1, 2] },
    actions: { load: [1, 2] },
  },
  {
    what: 'a version that is new is loaded, the other is kept',
    present: { stamps: stamps({ 1: 'a' }), versions: [1] },
    target: { stamps: both, versions: [1, 2] },
    actions: { load: [2], keep: [1] },
  },
  {
    what: 'a version that is not chosen any more is unloaded',
    present: { stamps: both, versions: [1] },
    target: { stamps: both, versions: [2] },
    actions: { load: [2], unload: [1] },
  },
  {
    what: 'a version whose files changed is loaded',
    present: { stamps: both, versions: [1, 2] },
    target: { stamps: stamps({ 1: 'a', 2: 'new' }), versions: [1, 2] },
    actions: { load: [2], keep: [1] },
  },
  {
    what: 'a label file belongs to all versions',
    present: { stamps: both, versions: [1, 2] },
    target: { stamps: stamps({ 1: 'a', 2: 'b' }, { others: 'new' }), versions: [1, 2] },
    actions: { load: [1, 2] },
  },
  {
    what: 'a config file that was touched and says the same keeps all',
    present: { stamps: both, versions: [1, 2] },
    target: { stamps: stamps({ 1: 'a', 2: 'b' }, { config: 'new' }), versions: [1, 2] },
    actions: { keep: [1, 2] },
  },
  {
    what: 'another config loads all',
    present: { stamps: both, versions: [1, 2] },
    target: { config: { maxBatchSize: 9 }, stamps: both, versions: [1, 2] },
    actions: { load: [1, 2] },
  },
  {
    what: 'other instance groups keep all',
    present: { config: cpu(1), stamps: both, versions: [1, 2] },
    target: { config: cpu(3), stamps: both, versions: [1, 2] },
    actions: { keep: [1, 2] },
  },
  {
    what: 'another version policy keeps what it chooses again',
    present: { config: cpu(1), stamps: both, versions: [1, 2] },
    target: {
      config: { ...cpu(1), versionPolicy: { policyChoice: { case: 'all', value: {} } } },
      stamps: both,
      versions: [1, 2],
    },
    actions: { keep: [1, 2] },
  },
  {
    what: 'other instance groups and another batch size load all',
    present: { config: cpu(1), stamps: both, versions: [1] },
    target: { config: { ...cpu(3), maxBatchSize: 9 }, stamps: both, versions: [1] },
    actions: { load: [1] },
  },
  {
    what: 'a config that is brought along and says the same loads all',
    present: { stamps: both, versions: [1] },
    target: { stamps: both, versions: [1], forced: true },
    actions: { load: [1] },
  },
  {
    what: 'a config that is brought along and differs in instances keeps all',
    present: { config: cpu(1), stamps: both, versions: [1] },
    target: { config: cpu(2), stamps: both, versions: [1], forced: true },
    actions: { keep: [1] },
  },
  {
    what: 'what came over the wire is loaded anew from the files',
    present: { stamps: undefined, versions: [1] },
    target: { stamps: both, versions: [1] },
    actions: { load: [1] },
  },
  {
    what: 'files that come over the wire replace what was loaded',
    present: { stamps: both, versions: [1, 2] },
    target: { stamps: undefined, versions: [3], forced: true },
    actions: { load: [3], unload: [1, 2] },
  },
];

describe('from what serves to what is wanted', () => {
  for (const { what, present, target, actions } of rows) {
    test(what, () => {
      const before = present && {
        config: create(ModelConfigSchema, present.config),
        stamps: present.stamps,
        versions: present.versions,
      };
      const { config, stamps: seen, versions, forced = false } = target;
      const wanted = { config: create(ModelConfigSchema, config), stamps: seen, versions, forced };
      assert.deepEqual(reconcile(before, wanted), {
        load: [],
        keep: [],
        unload: [],
        ...actions,
      });
    });
  }
});
