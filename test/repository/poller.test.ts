import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Poller } from '../../src/repository/poller.js';
import { turns } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { memoryLog } from '../support/server.js';

/** A repository whose changes a test makes up, and its poller. */
class Rig {
  readonly clock = new FakeClock();
  readonly changed = new Map<string, string>();
  readonly followed: string[] = [];
  looks = 0;
  broken = false;
  readonly #log = memoryLog();
  readonly poller = new Poller({
    clock: this.clock,
    log: this.#log.log,
    pollMs: 15_000,
    settleMs: 400,
    repository: {
      changes: async () => {
        this.looks++;
        if (this.broken) throw new Error('no such folder');
        return new Map(this.changed);
      },
      follow: async (keys) => {
        this.followed.push(...keys);
        for (const key of keys) this.changed.delete(key);
      },
    },
  });

  get lines(): readonly string[] {
    return this.#log.lines;
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turns(3);
  }
}

describe('a repository that is polled', () => {
  test('is looked at as often as was asked for', async () => {
    const rig = new Rig();
    await rig.pass(14_999);
    assert.equal(rig.looks, 0);
    await rig.pass(1);
    await rig.pass(15_000);
    assert.equal(rig.looks, 2);
  });

  test('is followed when what has changed kept still, and the log says what is waited for', async () => {
    const rig = new Rig();
    rig.changed.set('m', 'a');
    await rig.pass(15_000);
    assert.deepEqual(rig.followed, []);
    assert.match(
      rig.lines.join(),
      /'m' has changed: it is looked at again when it has kept still for 400 ms/,
    );
    await rig.pass(400);
    assert.deepEqual(rig.followed, ['m']);
    assert.equal(rig.lines.length, 1);
  });

  test('is not followed into a model that is being copied, while others are loaded', async () => {
    const rig = new Rig();
    rig.changed.set('still', 'a');
    for (let size = 0; size < 5; size++) {
      rig.changed.set('copied', String(size));
      await rig.pass(size === 0 ? 15_000 : 400);
    }
    assert.deepEqual(rig.followed, ['still']);
    await rig.pass(400);
    assert.deepEqual(rig.followed, ['still', 'copied']);
  });

  test('is looked at soon after something moved, once for many movements', async () => {
    const rig = new Rig();
    for (let i = 0; i < 100; i++) rig.poller.notice();
    rig.changed.set('m', 'a');
    await rig.pass(50);
    assert.equal(rig.looks, 1);
    rig.poller.notice();
    await rig.pass(400);
    assert.deepEqual(rig.followed, ['m']);
    assert.equal(rig.looks, 2);
    await rig.pass(15_000);
    assert.equal(rig.looks, 3);
  });

  test('that cannot be read is told of, and looked at again', async () => {
    const rig = new Rig();
    rig.broken = true;
    await rig.pass(15_000);
    assert.match(rig.lines.join(), /cannot look at the model repository: no such folder/);
    rig.broken = false;
    await rig.pass(15_000);
    assert.equal(rig.looks, 2);
  });

  test('is left alone when that was ended', async () => {
    const rig = new Rig();
    rig.poller.stop();
    rig.poller.notice();
    await rig.pass(60_000);
    assert.equal(rig.looks, 0);
    assert.deepEqual(rig.clock.waitsMs, []);
  });
});
