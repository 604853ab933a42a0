import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OffloadPool } from '../../src/offload/pool.js';

function open(threadsMax: number): OffloadPool<string, string> {
  return new OffloadPool({ module: new URL('work.js', import.meta.url), threadsMax });
}

test('no thread is there before there is work', async () => {
  assert.equal(await open(2).countThreads(), 0);
});

test('work beyond the threads waits, and each gets its own answer', async () => {
  const pool = open(2);
  const tasks = Array.from({ length: 20 }, (_, i) => `task ${i}`);
  const answers = await Promise.all(tasks.map((task) => pool.run(task)));
  assert.deepEqual(
    answers,
    tasks.map((task) => `${task} done`),
  );
  assert.ok((await pool.countThreads()) <= 2);
});

test('work that fails fails alone, with its error', async () => {
  const pool = open(1);
  const [failed, other] = await Promise.allSettled([pool.run('fail'), pool.run('other')]);
  assert.ok(failed.status === 'rejected' && /as asked/.test(String(failed.reason)));
  assert.deepEqual(other, { status: 'fulfilled', value: 'other done' });
});

test('a thread that dies fails its work, and a new one does the next', async () => {
  const pool = open(1);
  await assert.rejects(pool.run('die'));
  assert.equal(await pool.run('next'), 'next done');
});

test('memory that is handed over is no longer here, and comes back with the answer', async () => {
  const module = new URL('moving-work.js', import.meta.url);
  const pool = new OffloadPool<Uint8Array<ArrayBuffer>, Uint8Array>({ module, threadsMax: 1 });
  const bytes = Uint8Array.of(1, 2, 3);
  const answer = pool.run(bytes, [bytes.buffer]);
  assert.deepEqual(await answer, Uint8Array.of(2, 4, 6));
  assert.equal(bytes.byteLength, 0);
});
