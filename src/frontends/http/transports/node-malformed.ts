import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** What Node says of a request that it could not read. */
interface ReadFailure extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/** A connection of Node's HTTP server, and the answer that is on its way there. */
type ServedSocket = Duplex & {
  readonly [answerKey]?: { readonly headersSent: boolean } | null;
};

/** Where Node keeps the answer; there is no public way to ask. */
const answerKey = '_httpMessage';

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what is no HTTP, as long as nothing else was answered, and ends the connection. */
export function refuseMalformed(failure: ReadFailure, socket: ServedSocket): void {
  if (!socket.writable || socket[answerKey]?.headersSent === true) {
    socket.destroy();
    return;
  }
  const status = statuses[failure.code ?? ''] ?? 400;
  const body = JSON.stringify({ error: describe(failure) });
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
  socket.end(head + body, () => socket.destroy());
}

/** The longest value of a header that is repeated. */
const shownLength = 64;

function describe({ code, message, rawPacket }: ReadFailure): string {
  if (code === 'HPE_INVALID_CONTENT_LENGTH') {
    const [, value = ''] =
      /^content-length:[ \t]*([^\r\n]*)/im.exec(rawPacket?.toString('latin1') ?? '') ?? [];
    return `Unable to parse Content-Length, got: ${value.slice(0, shownLength)}`;
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'the headers of the request took too long';
  return message;
}
