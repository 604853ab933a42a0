import { createWriteStream, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { WallClock } from './wall-clock.js';

/** How a line looks: Triton's two forms, and one JSON object a line. */
export type LogFormat = 'default' | 'ISO8601' | 'json';

/** What a line is about, beside its text: named fields of the JSON form, unused in the others. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

export interface LogSettings {
  readonly format: LogFormat;
  readonly info: boolean;
  readonly warning: boolean;
  readonly error: boolean;
  /** Verbose lines up to this level are written; 0 writes none. */
  readonly verboseLevel: number;
  /** Messages are quoted and JSON-escaped, so that no message can forge a line. */
  readonly escape: boolean;
}

export const defaultLogSettings: LogSettings = {
  format: 'default',
  info: true,
  warning: true,
  error: true,
  verboseLevel: 0,
  escape: true,
};

type Level = 'info' | 'warning' | 'error' | 'verbose';

const letters: Readonly<Record<Level, string>> = { info: 'I', warning: 'W', error: 'E', verbose: 'I' };

/**
 * The server's log. Info and verbose lines go to `out`, warnings and errors to `err`, as Triton's do.
 * Nothing on the path of a request calls it unless the request failed.
 */
export class Log {
  /** Where all lines are appended; empty: the standard streams. */
  readonly file: string;
  #settings: LogSettings;
  readonly #watchers = new Set<() => void>();
  readonly #out: Writable;
  readonly #err: Writable;
  readonly #clock = new WallClock();

  constructor(settings: LogSettings, streams: { out: Writable; err: Writable; file?: string }) {
    this.#settings = settings;
    this.#out = streams.out;
    this.#err = streams.err;
    this.file = streams.file ?? '';
  }

  get settings(): LogSettings {
    return this.#settings;
  }

  /** From the next line on. */
  change(settings: Partial<LogSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    for (const changed of this.#watchers) changed();
  }

  /** Calls back whenever settings have changed; the result ends that. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  info(message: string, fields?: LogFields): void {
    if (this.settings.info) this.#write('info', message, fields);
  }

  warning(message: string, fields?: LogFields): void {
    if (this.settings.warning) this.#write('warning', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    if (this.settings.error) this.#write('error', message, fields);
  }

  verbose(level: number, message: string, fields?: LogFields): void {
    if (level <= this.settings.verboseLevel) this.#write('verbose', message, fields);
  }

  /** Resolves when all lines so far are written, or cannot be. */
  async flush(): Promise<void> {
    await Promise.all(
      [this.#out, this.#err].map(
        (stream) => new Promise<void>((resolve) => stream.write('', () => resolve())),
      ),
    );
  }

  #write(level: Level, message: string, fields: LogFields | undefined): void {
    const line = formatLine({ level, message, fields, at: callSite() }, this.settings, this.#clock.nowUs());
    (level === 'warning' || level === 'error' ? this.#err : this.#out).write(`${line}\n`);
  }
}

/** The log of a process: to its standard streams, or appended to one file. */
export function openLog(settings: LogSettings, file: string): Log {
  if (file === '') {
    // Whoever read the lines may go away; that is no reason to stop serving.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    return new Log(settings, { out: process.stdout, err: process.stderr });
  }
  // Opened at once, so that a file that cannot be written is found before anything is served.
  const stream = createWriteStream(file, { fd: openSync(file, 'a') });
  stream.on('error', (error) => {
    process.stderr.write(`cannot write the log file '${file}': ${error.message}\n`);
  });
  return new Log(settings, { out: stream, err: stream, file });
}

interface Line {
  readonly level: Level;
  readonly message: string;
  readonly fields: LogFields | undefined;
  readonly at: string;
}

/** One line without its end; `timeUs` counts from 1970. */
export function formatLine(line: Line, settings: LogSettings, timeUs: number): string {
  const iso = new Date(Math.floor(timeUs / 1000)).toISOString();
  if (settings.format === 'json') {
    const { level, message, fields, at } = line;
    return JSON.stringify({ time: iso, level, pid: process.pid, at, message, ...fields });
  }
  const text = settings.escape ? JSON.stringify(line.message) : line.message;
  const letter = letters[line.level];
  if (settings.format === 'ISO8601') {
    return `${iso.slice(0, 19)}Z ${letter} ${process.pid} ${line.at}] ${text}`;
  }
  const [monthDay, clock] = [iso.slice(5, 10).replace('-', ''), iso.slice(11, 23)];
  const belowMs = String(timeUs % 1000).padStart(3, '0');
  return `${letter}${monthDay} ${clock}${belowMs} ${process.pid} ${line.at}] ${text}`;
}

/** `file.js:12` of the code that called the log: the frame above the log's own three. */
function callSite(): string {
  const frame = new Error('where').stack?.split('\n')[4] ?? '';
  const [, file, line] = /([^/\\(]+\.[cm]?[jt]s):(\d+):\d+\)?$/.exec(frame) ?? [];
  return file === undefined ? 'nereid:0' : `${file}:${line}`;
}
