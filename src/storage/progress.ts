import type { Log } from '../telemetry/log.js';

const lineEveryMs = 1000;

export interface Download {
  readonly model: string;
  readonly url: string;
  readonly totalBytes: number;
  readonly fileCount: number;
}

/** Tells in the log how far a download is: one line a second at most, and one at the end. */
export class DownloadProgress {
  readonly #download: Download;
  readonly #log: Log;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #lastMs: number;
  #bytes = 0;

  constructor(download: Download, log: Log, nowMs: () => number) {
    this.#download = download;
    this.#log = log;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
    this.#lastMs = this.#startMs;
  }

  /** Counts what came; a negative number takes back what must come again. */
  add(bytes: number): void {
    this.#bytes += bytes;
    const nowMs = this.#nowMs();
    if (nowMs - this.#lastMs < lineEveryMs) return;
    this.#lastMs = nowMs;
    const { model, url, totalBytes } = this.#download;
    const percent = totalBytes === 0 ? 0 : Math.floor((100 * this.#bytes) / totalBytes);
    this.#log.info(
      `downloading '${model}' from '${url}': ${this.#bytes} of ${totalBytes} bytes (${percent} %)`,
      { model, bytes: this.#bytes, totalBytes },
    );
  }

  done(): void {
    const { model, url, fileCount } = this.#download;
    const seconds = ((this.#nowMs() - this.#startMs) / 1000).toFixed(1);
    const files = fileCount === 1 ? '1 file' : `${fileCount} files`;
    this.#log.info(`downloaded '${model}' from '${url}': ${files}, ${this.#bytes} bytes in ${seconds} s`, {
      model,
      bytes: this.#bytes,
    });
  }
}
