import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { StreamTable } from '../../src/http2/stream-table.js';
import { Stream, type StreamConnection } from '../../src/http2/stream.js';

function streamOf(id: number): Stream {
  return new Stream({} as StreamConnection, id, { send: 0, receive: 0 });
}

/** Ids as clients choose them, and such as fall into one bucket. */
const ids = fc.oneof(
  fc.integer({ min: 0, max: 200 }).map((n) => 2 * n + 1),
  fc.integer({ min: 0, max: 20 }).map((n) => 2 ** 16 * n + 1),
);

test('a table finds what was added and not removed, whatever the ids, and lists it by id', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), ids), { maxLength: 300 }), (steps) => {
      const table = new StreamTable();
      const twin = new Map<number, Stream>();
      for (const [adds, id] of steps) {
        const known = twin.get(id);
        if (adds && known === undefined) {
          const stream = streamOf(id);
          table.add(stream);
          twin.set(id, stream);
        } else if (!adds) {
          assert.equal(table.remove(known ?? streamOf(id)), known !== undefined);
          twin.delete(id);
        }
        assert.equal(table.size, twin.size);
        assert.equal(table.find(id), twin.get(id));
      }
      const expected = [...twin.values()].sort((a, b) => a.id - b.id);
      assert.deepEqual(
        table.all().map((stream) => stream.id),
        expected.map((stream) => stream.id),
      );
    }),
  );
});

test('a stream that has left points to none that are there', () => {
  const table = new StreamTable();
  const [older, newer] = [streamOf(1), streamOf(1 + 2 ** 20)];
  table.add(older);
  table.add(newer);
  table.remove(newer);
  assert.equal(newer.nextInTable, undefined);
  assert.equal(table.find(1), older);
});
