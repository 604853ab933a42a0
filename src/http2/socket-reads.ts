import { Socket } from 'node:net';

/**
 * One read of the system brings at most this. Node reads a socket up to 32 times before it turns to the next: with
 * four times as much one busy connection keeps others waiting, and their tail grows threefold.
 */
const readBytes = 64 * 1024;

/** The fields of a socket by which Node reads into a buffer of its user, as `net.connect` offers it with `onread`. */
interface UserReads {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/** Who takes what a socket receives: the first `count` bytes of a buffer, valid during the call. */
export interface SocketReader {
  read(buffer: Buffer, count: number): void;
}

interface Handle {
  useUserBuffer?(buffer: Uint8Array): void;
}

/**
 * Hands on what sockets receive. All sockets of a server read into one buffer: without
 * it Node takes 64 KiB of fresh memory for every read, which costs more than all else at large messages.
 *
 * Node offers that for sockets that connect, not for those that a server accepts. This is the one place that
 * reaches into it; where its fields are not found sockets are read as usual.
 */
export class SocketReads {
  readonly #buffer = Buffer.allocUnsafeSlow(readBytes);
  readonly #fields = findFields();

  /** Whether sockets read into the common buffer. */
  get shared(): boolean {
    return this.#fields !== undefined;
  }

  start(socket: Socket, reader: SocketReader): void {
    const fields = this.#fields;
    const { _handle: handle } = socket as Socket & { _handle?: Handle | null };
    if (fields === undefined || handle?.useUserBuffer === undefined) {
      socket.on('data', (bytes) => reader.read(bytes, bytes.byteLength));
      return;
    }
    const received = (count: number, buffer: Buffer): boolean => {
      reader.read(buffer, count);
      return true;
    };
    Object.assign(socket, { [fields.buffer]: this.#buffer, [fields.callback]: received });
    handle.useUserBuffer(this.#buffer);
    socket.resume();
  }
}

function findFields(): UserReads | undefined {
  const probe = new Socket();
  const field = (name: string): symbol | undefined =>
    Object.getOwnPropertySymbols(probe).find(({ description }) => description === name);
  const [buffer, callback] = [field('kBuffer'), field('kBufferCb')];
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
