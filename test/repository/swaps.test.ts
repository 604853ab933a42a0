import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { add, adderConfig, load, putAdder, putVersion, told, withControlled } from '../support/controlled.js';
import { eventually } from '../support/eventually.js';

/** `npm run test:soak` asks for 100. */
const soak = process.env['NEREID_RELOADS'];
const reloadCount = Number(soak ?? 9);
const callerCount = soak === undefined ? 8 : 32;

/** Every fifth reload changes nothing but the number of instances. */
const isRegroup = (round: number): boolean => round % 5 === 4;

describe('a model that is loaded anew again and again', () => {
  test('drops no request, and answers as what was loaded last', () =>
    withControlled(
      { prepare: (folder) => putAdder(path.join(folder, 'm'), [1]) },
      async ({ folder, client }) => {
        await load(client, 'm');
        const model = path.join(folder, 'm');
        const callers = { goOn: true };
        const answers = new Map<number | string, number>();
        const caller = async (): Promise<void> => {
          while (callers.goOn) {
            const answer = await add(client, 'm');
            answers.set(answer, (answers.get(answer) ?? 0) + 1);
          }
        };
        const calls = Array.from({ length: callerCount }, caller);
        let served = 101;
        for (let round = 0; round < reloadCount; round++) {
          if (isRegroup(round)) {
            const count = (round % 2) + 1;
            const config = (await adderConfig()).replace('count: 1', `count: ${count}`);
            await writeFile(path.join(model, 'config.pbtxt'), config);
          } else {
            const graph = ((served - 100) % 3) + 1;
            await putVersion(model, 1, graph);
            served = 100 + graph;
          }
          assert.equal(told(await load(client, 'm')), 'ok');
          assert.equal(await add(client, 'm'), served, `after reload ${round}`);
          const before = answers.get(served) ?? 0;
          await eventually(() => (answers.get(served) ?? 0) > before, 'the others are answered too');
        }
        callers.goOn = false;
        await Promise.all(calls);
        assert.deepEqual([...answers.keys()].map(String).sort(), ['101', '102', '103']);
      },
    ));
});
