import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { defaultLogSettings, formatLine, Log, openLog, type LogSettings } from '../../src/telemetry/log.js';
import { memoryLog, withFolder } from '../support/server.js';

const at = 'file.js:12';
const timeUs = Date.UTC(2026, 2, 4, 5, 6, 7, 89) * 1000 + 12;
const { pid } = process;

function line(message: string, settings: Partial<LogSettings> = {}): string {
  const all = { ...defaultLogSettings, ...settings };
  return formatLine({ level: 'info', message, fields: undefined, at }, all, timeUs);
}

test('the default form is letter, month and day, time to the microsecond, process, place and quoted text', () => {
  assert.equal(line('hello'), `I0304 05:06:07.089012 ${pid} file.js:12] "hello"`);
});

test('the ISO8601 form is the time to the second, letter, process, place and quoted text', () => {
  assert.equal(line('hello', { format: 'ISO8601' }), `2026-03-04T05:06:07Z I ${pid} file.js:12] "hello"`);
});

test('the letter tells the level, and verbose lines carry I', () => {
  const letterOf = (level: 'info' | 'warning' | 'error' | 'verbose'): string | undefined =>
    formatLine({ level, message: '', fields: undefined, at }, defaultLogSettings, timeUs)[0];
  assert.deepEqual(
    [letterOf('info'), letterOf('warning'), letterOf('error'), letterOf('verbose')],
    ['I', 'W', 'E', 'I'],
  );
});

test('quotes, backslashes and line breaks in a message are escaped', () => {
  assert.equal(line('a "b" \\ c\td'), `I0304 05:06:07.089012 ${pid} file.js:12] "a \\"b\\" \\\\ c\\td"`);
});

test('a message cannot forge a line, whatever it contains', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('default', 'ISO8601', 'json'),
      (text, format) => {
        const forgery = `${text}\nI0304 05:06:07.089012 1 x.js:1] "forged"\r`;
        const written = line(forgery, { format });
        assert.doesNotMatch(written, /[\r\n]/);
        const json = JSON.parse(format === 'json' ? written : written.slice(written.indexOf('] ') + 2));
        assert.equal(format === 'json' ? json.message : json, forgery);
      },
    ),
  );
});

test('without escaping a message is written as it is', () => {
  assert.equal(line('a "b"', { escape: false }), `I0304 05:06:07.089012 ${pid} file.js:12] a "b"`);
});

test('the JSON form is one object a line with the fields of the message', () => {
  const written = formatLine(
    { level: 'error', message: 'no "luck"', fields: { model: 'm', version: 3 }, at },
    { ...defaultLogSettings, format: 'json' },
    timeUs,
  );
  assert.deepEqual(JSON.parse(written), {
    time: '2026-03-04T05:06:07.089Z',
    level: 'error',
    pid,
    at,
    message: 'no "luck"',
    model: 'm',
    version: 3,
  });
});

test('a line names the file and the line of the code that logs', () => {
  const { log, lines } = memoryLog();
  log.info('here');
  assert.match(lines[0]!, /^I\d{4} \d\d:\d\d:\d\d\.\d{6} \d+ log\.test\.js:\d+\] "here"$/);
});

test('info and verbose lines go out, warnings and errors go to the error stream', () => {
  const [out, err] = [collector(), collector()];
  const log = new Log({ ...defaultLogSettings, verboseLevel: 1 }, { out: out.stream, err: err.stream });
  log.info('one');
  log.warning('two');
  log.error('three');
  log.verbose(1, 'four');
  assert.deepEqual(out.texts(), ['one', 'four']);
  assert.deepEqual(err.texts(), ['two', 'three']);
});

test('each level can be turned off', () => {
  const { log, lines } = memoryLog({ ...defaultLogSettings, info: false, warning: false, error: false });
  log.info('one');
  log.warning('two');
  log.error('three');
  assert.deepEqual(lines, []);
});

test('verbose lines are written up to the level that is set', () => {
  const written = (verboseLevel: number): number => {
    const { log, lines } = memoryLog({ ...defaultLogSettings, verboseLevel });
    for (const level of [1, 2, 3]) log.verbose(level, 'text');
    return lines.length;
  };
  assert.deepEqual([0, 1, 2, 3].map(written), [0, 1, 2, 3]);
});

test('a log file is appended to, and takes the lines of all levels', async () => {
  await withFolder(async (folder) => {
    const file = path.join(folder, 'server.log');
    await writeFile(file, '"from before"\n');
    const log = openLog(defaultLogSettings, file);
    log.info('one');
    log.error('two');
    let texts: readonly string[] = [];
    while (texts.length < 3) texts = (await readFile(file, 'utf8')).match(/"[^"]*"\n/g) ?? [];
    assert.deepEqual(texts, ['"from before"\n', '"one"\n', '"two"\n']);
  });
});

function collector(): { stream: Writable; texts: () => (string | undefined)[] } {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { stream, texts: () => lines.map((text) => /"(.*)"/.exec(text)?.[1]) };
}
