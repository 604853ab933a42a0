import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';

/** How a stream of plain HTTP/2 ended: gRPC's status if there was one. */
export interface RawOutcome {
  readonly httpStatus: number | undefined;
  readonly grpcStatus: number | undefined;
  readonly message: string;
  /** The code of a reset; 0 when the stream ended well. */
  readonly reset: number;
}

export interface RawCall {
  readonly path?: string;
  /** Added to, or with `undefined` taken from, the headers of a proper call. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly chunks?: readonly Buffer[];
  /** What follows the chunks: the end of the request, a reset of the stream, or nothing. */
  readonly ending?: 'end' | 'reset' | 'nothing';
}

export const inferPath = '/inference.GRPCInferenceService/ModelInfer';

/** A message in gRPC's frame; `length` and `flag` may say something else than is true. */
export function framed(message: Buffer, { flag = 0, length = message.byteLength } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** Opens an HTTP/2 session of its own, makes one call on it and says how it ended. */
export async function rawCall(port: number, call: RawCall): Promise<RawOutcome> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  try {
    return await callOn(session, call);
  } finally {
    session.destroy();
  }
}

function callOn(session: ClientHttp2Session, call: RawCall): Promise<RawOutcome> {
  const { path = inferPath, headers = {}, chunks = [], ending = 'end' } = call;
  const proper: Record<string, string | undefined> = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  };
  const sent = Object.fromEntries(Object.entries(proper).filter(([, value]) => value !== undefined));
  return new Promise((resolve) => {
    const stream = session.request(sent, { endStream: false });
    let received: IncomingHttpHeaders = {};
    const note = (more: IncomingHttpHeaders): void => void (received = { ...received, ...more });
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', () => {});
    stream.on('data', () => {});
    stream.on('close', () => {
      const { ':status': httpStatus, 'grpc-status': grpcStatus, 'grpc-message': message } = received as never;
      resolve({
        httpStatus,
        grpcStatus: grpcStatus === undefined ? undefined : Number(grpcStatus),
        message: message ?? '',
        reset: stream.rstCode ?? constants.NGHTTP2_NO_ERROR,
      });
    });
    for (const chunk of chunks) stream.write(chunk);
    if (ending === 'end') stream.end();
    // The reset must not overtake what was written.
    if (ending === 'reset') stream.write(Buffer.alloc(0), () => stream.close(constants.NGHTTP2_CANCEL));
  });
}

/** A frame of HTTP/2. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Header fields in HPACK's plainest form. */
export function headerBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value, 'latin1'),
    ]),
  );
}

/** How every HTTP/2 connection starts. */
export const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0)]);

const goAway = 7;

/**
 * Sends bytes on a socket of its own and resolves when the server has said goodbye: when it closes the
 * connection, or sends GOAWAY, which is then how the result says it.
 */
export function sendBytes(port: number, bytes: Buffer): Promise<'closed' | 'goaway'> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const socket = connectSocket({ port, host: '127.0.0.1' });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (!hasFrame(received, goAway)) return;
      resolve('goaway');
      socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve('closed'));
    socket.end(bytes);
  });
}

function hasFrame(received: Buffer, type: number): boolean {
  for (let at = 0; at + 9 <= received.byteLength; at += 9 + received.readUIntBE(at, 3)) {
    if (received[at + 3] === type) return true;
  }
  return false;
}
