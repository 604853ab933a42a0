import { STATUS_CODES } from 'node:http';

/** The first part of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** Names and values. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** How an answer is told from the next one, and whether there will be one. */
export interface Framing {
  /** 'chunked': in chunks; 'close': as long as the connection lives. */
  readonly body: number | 'chunked' | 'close';
  readonly connection: 'close' | 'keep-alive' | 'unsaid';
}

const badValue = /[^\t\x20-\x7e\x80-\xff]/;

const bodyLines = { chunked: 'Transfer-Encoding: chunked\r\n', close: '' };
const connectionLines = {
  close: 'Connection: close\r\n',
  'keep-alive': 'Connection: keep-alive\r\n',
  unsaid: '',
};

/** Writes heads of answers, with the date as of this second. */
export class HeadWriter {
  #second = 0;
  #date = '';

  write({ status, headers }: AnswerHead, { body, connection }: Framing): string {
    let text =
      status === 200 ? 'HTTP/1.1 200 OK\r\n' : `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    for (const name in headers) {
      const value = headers[name] ?? '';
      // The connection is ours to tell of.
      if (name === 'connection') continue;
      if (badValue.test(value)) throw new Error(`'${name}' cannot have this value. This is a bug.`);
      text += `${name}: ${value}\r\n`;
    }
    const length = typeof body === 'number' ? `Content-Length: ${body}\r\n` : bodyLines[body];
    return `${text}${this.#dateLine()}${connectionLines[connection]}${length}\r\n`;
  }

  #dateLine(): string {
    const nowMs = Date.now();
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = `Date: ${new Date(nowMs).toUTCString()}\r\n`;
    }
    return this.#date;
  }
}
