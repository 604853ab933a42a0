import { METHODS } from 'node:http';

/** What is no HTTP/1.1, or not as much of it as is spoken here: it is answered so, and the connection ended. */
export class Malformed extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'Malformed';
    this.status = status;
  }
}

/** The body comes in chunks, and nobody knows how long it is. */
export const chunked = -1;

/** A request up to its body. Nobody changes it: heads that are equal are one object. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  /** By names in lower case. Of a name that comes again values are joined; of some the first one counts, as in Node. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Names, as they were written, and values in turn. */
  readonly rawHeaders: readonly string[];
  /** `chunked`, or how long the body is. */
  readonly bodyBytes: number;
  /** 0 or 1, of HTTP/1. */
  readonly minor: number;
  /** Whether the client would send another request on this connection. */
  readonly persistent: boolean;
  /** Whether the client has said that it would. */
  readonly asksToPersist: boolean;
  readonly expectsContinue: boolean;
}

const requestLine = /^([A-Z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(\d)\.(\d)$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const methods: ReadonlySet<string> = new Set(METHODS);

const [lineFeed, carriageReturn] = [10, 13];

/**
 * Where a head ends that begins at `start`, behind its empty line; -1 when it goes on. What lies before `from` was looked at.
 * RFC 9112 §2.2 lets a lone LF end a line: whoever reads it otherwise sees other requests than we do, so it is refused.
 */
export function findHeadEnd(bytes: Buffer, { start, from, end }: Span): number {
  for (let at = bytes.indexOf(lineFeed, from); at !== -1 && at < end; at = bytes.indexOf(lineFeed, at + 1)) {
    if (at === start || bytes[at - 1] !== carriageReturn) {
      throw new Malformed(400, 'Parse Error: Missing expected CR before LF');
    }
    if (at - start >= 3 && bytes[at - 2] === lineFeed) return at + 1;
  }
  return -1;
}

interface Span {
  readonly start: number;
  readonly from: number;
  readonly end: number;
}

/** RFC 9112 §3, §5 and §6: reads a whole head, its empty line included, and refuses what two readers may read as two things. */
export function parseHead(bytes: Buffer, start: number, end: number): RequestHead {
  const lines = bytes.toString('latin1', start, end - 4).split('\r\n');
  const [, method = '', url = '', major, minorText] = requestLine.exec(lines[0] ?? '') ?? [];
  if (!methods.has(method)) throw refusalOf(lines[0] ?? '');
  if (major !== '1') throw new Malformed(505, 'Parse Error: Invalid HTTP version');
  const minor = Math.min(Number(minorText), 1);
  const fields = new Fields();
  for (let i = 1; i < lines.length; i++) fields.add(lines[i] ?? '');
  const { headers, raw } = fields;
  if (minor === 1 && headers['host'] === undefined) {
    throw new Malformed(400, 'Parse Error: Missing Host header');
  }
  const options = headers['connection']?.toLowerCase().split(',') ?? [];
  const has = (option: string): boolean => options.some((one) => one.trim() === option);
  const asksToPersist = has('keep-alive') && !has('close');
  return {
    method,
    url,
    headers,
    rawHeaders: raw,
    bodyBytes: bodyBytesOf(headers, minor),
    minor,
    persistent: minor === 1 ? !has('close') : asksToPersist,
    asksToPersist,
    expectsContinue: expectsContinue(headers, minor),
  };
}

/** What is wrong with a first line. */
function refusalOf(line: string): Malformed {
  const [method = '', ...rest] = line.split(' ');
  if (!methods.has(method)) return new Malformed(400, 'Parse Error: Invalid method encountered');
  if (!/^HTTP\/\d\.\d$/.test(rest[1] ?? '')) return new Malformed(400, 'Parse Error: Expected HTTP/');
  return new Malformed(400, 'Parse Error: Invalid request line');
}

/** Of which the first value counts, as in Node. */
const firstCounts: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-type',
  'etag',
  'expires',
  'from',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
]);

/** What may be there once. */
const single: ReadonlySet<string> = new Set(['host', 'content-length']);

class Fields {
  readonly headers: Record<string, string | undefined> = Object.create(null) as Record<
    string,
    string | undefined
  >;
  readonly raw: string[] = [];

  /** RFC 9112 §5.1: nothing stands between a name and its colon, and no line goes on in the next one. */
  add(line: string): void {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    if (!token.test(name)) throw new Malformed(400, 'Parse Error: Invalid header token');
    const value = trimmed(line, colon + 1);
    if (badValue.test(value)) throw new Malformed(400, 'Parse Error: Invalid header value char');
    this.raw.push(name, value);
    const key = name.toLowerCase();
    const before = this.headers[key];
    if (before === undefined) this.headers[key] = value;
    else if (single.has(key)) throw new Malformed(400, `Parse Error: ${name} can be present only once`);
    else if (!firstCounts.has(key)) this.headers[key] = `${before}${key === 'cookie' ? '; ' : ', '}${value}`;
  }
}

/** What no value may hold: signs that control, line breaks and NUL among them. */
const badValue = /[^\t\x20-\x7e\x80-\xff]/;

/** Without blanks and tabs around it; an expression would take time squared in them. */
function trimmed(line: string, from: number): string {
  let [first, last] = [from, line.length];
  while (first < last && isBlank(line.charCodeAt(first))) first++;
  while (last > first && isBlank(line.charCodeAt(last - 1))) last--;
  return line.slice(first, last);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** The longest value that is repeated to the client. */
const shownLength = 64;

/** RFC 9112 §6.3: how long the body is. Two answers to that are none. */
function bodyBytesOf(headers: RequestHead['headers'], minor: number): number {
  const length = headers['content-length'];
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    if (length !== undefined) {
      throw new Malformed(400, "Parse Error: Content-Length can't be present with Transfer-Encoding");
    }
    if (minor === 0) throw new Malformed(400, "Parse Error: Transfer-Encoding can't be present in HTTP/1.0");
    if (coding.toLowerCase() === 'chunked') return chunked;
    if (/,\s*chunked$/i.test(coding)) throw new Malformed(501, 'Unsupported transfer coding');
    throw new Malformed(400, 'Parse Error: Request has invalid `Transfer-Encoding`');
  }
  if (length === undefined) return 0;
  const bytes = /^\d+$/.test(length) ? Number(length) : NaN;
  if (!Number.isSafeInteger(bytes)) {
    throw new Malformed(400, `Unable to parse Content-Length, got: ${length.slice(0, shownLength)}`);
  }
  return bytes;
}

/** RFC 9110 §10.1.1. */
function expectsContinue(headers: RequestHead['headers'], minor: number): boolean {
  const expected = headers['expect'];
  if (expected === undefined || minor === 0) return false;
  if (expected.toLowerCase() === '100-continue') return true;
  throw new Malformed(417, 'Expectation Failed');
}
