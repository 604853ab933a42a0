import assert from 'node:assert/strict';
import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ArrayFile } from '../../src/telemetry/array-file.js';
import { withFolder } from '../support/server.js';

const bytesOf = (item: object): number => JSON.stringify(item).length;

function open(file: string, lost: [number, string][] = []): ArrayFile<object> {
  return new ArrayFile(file, {
    encode: (item) => JSON.stringify(item),
    bytesOf,
    onLost: (count, reason) => void lost.push([count, reason]),
  });
}

async function contentOf(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8'));
}

test('the file is a whole array after each write, in the order of the items', () =>
  withFolder(async (folder) => {
    const at = path.join(folder, 'a.json');
    const file = open(at);
    const items: object[] = [];
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 300; i++) {
        const item = { round, i, text: 'ü'.repeat(i) };
        items.push(item);
        file.add(item);
      }
      await file.flush();
      assert.deepEqual(await contentOf(at), items);
    }
    await file.close();
    file.add({ late: true });
    await file.close();
    assert.deepEqual(await contentOf(at), [...items, { late: true }]);
  }));

test('a file is made with its first item, and what it held before is gone', () =>
  withFolder(async (folder) => {
    const at = path.join(folder, 'a.json');
    await open(at).close();
    assert.ok(!existsSync(at));
    for (const item of [{ long: 'x'.repeat(1000) }, { short: 1 }]) {
      const file = open(at);
      file.add(item);
      await file.close();
      assert.deepEqual(await contentOf(at), [item]);
    }
  }));

test('what cannot be written is lost and told, and the file goes on when it can be', () =>
  withFolder(async (folder) => {
    const at = path.join(folder, 'a.json');
    const lost: [number, string][] = [];
    await mkdir(at);
    const file = open(at, lost);
    file.add({ n: 1 });
    file.add({ n: 2 });
    await file.flush();
    assert.equal(lost.length, 1);
    assert.equal(lost[0]?.[0], 2);
    assert.match(lost[0]?.[1] ?? '', /EISDIR/);
    await rmdir(at);
    file.add({ n: 3 });
    await file.close();
    assert.deepEqual(await contentOf(at), [{ n: 3 }]);
  }));

test('what waits is bounded: more is lost and told', () =>
  withFolder(async (folder) => {
    const at = path.join(folder, 'a.json');
    const lost: [number, string][] = [];
    const file = open(at, lost);
    const item = { text: 'x'.repeat(1_000_000) };
    for (let i = 0; i < 40; i++) file.add(item);
    await file.close();
    const kept = Math.floor((32 * 1024 * 1024) / bytesOf(item));
    assert.equal(((await contentOf(at)) as object[]).length, kept);
    assert.equal(lost.length, 40 - kept);
    assert.deepEqual(lost[0], [1, `more comes than is written to '${at}'`]);
  }));
