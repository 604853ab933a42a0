import { Socket } from 'node:net';

/**
 * One read of the system brings at most this. Node reads a socket up to 32 times before it turns to the next: with
 * four times as much one busy connection keeps others waiting, and their tail grows threefold.
 */
const readBytes = 64 * 1024;

/** What all sockets bring in one turn of the loop, before those that bring much are left for the next turn. */
const turnBytes = 2 * 1024 * 1024;

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
  reading?: boolean;
  useUserBuffer?(buffer: Uint8Array): void;
  readStart?(): void;
}

/**
 * Hands on what sockets receive. All sockets of a server read into one buffer: without
 * it Node takes 64 KiB of fresh memory for every read, which costs more than all else at large messages.
 * Sockets that fill the buffer share a turn of the loop: when all have brought `turnBytes`, the next full buffer of each
 * is its last of the turn, so that large messages do not keep others waiting.
 *
 * Node offers that for sockets that connect, not for those that a server accepts. This is the one place that
 * reaches into it; where its fields are not found sockets are read as usual.
 */
export class SocketReads {
  readonly #buffer = Buffer.allocUnsafeSlow(readBytes);
  readonly #fields = findFields();
  /** What full buffers have brought in this turn. */
  #turnBytes = 0;
  #stopped: (() => void)[] = [];

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
      return count < readBytes || this.#goesOn(() => startAgain(socket));
    };
    Object.assign(socket, { [fields.buffer]: this.#buffer, [fields.callback]: received });
    handle.useUserBuffer(this.#buffer);
    socket.resume();
  }

  /** Counts a full buffer; whether its socket may bring another one in this turn. If not, `start` is called in the next. */
  #goesOn(start: () => void): boolean {
    if (this.#turnBytes === 0) setImmediate(this.#endTurn);
    this.#turnBytes += readBytes;
    if (this.#turnBytes < turnBytes) return true;
    this.#stopped.push(start);
    return false;
  }

  readonly #endTurn = (): void => {
    this.#turnBytes = 0;
    const stopped = this.#stopped;
    this.#stopped = [];
    for (const start of stopped) start();
  };
}

/** Node stops reading a socket whose callback says so, and starts again at a call like this. */
function startAgain(socket: Socket): void {
  const { _handle: handle } = socket as Socket & { _handle?: Handle | null };
  // One that was paused meanwhile starts when it is resumed.
  if (handle?.readStart === undefined || handle.reading === true || socket.isPaused()) return;
  handle.reading = true;
  handle.readStart();
}

function findFields(): UserReads | undefined {
  const probe = new Socket();
  const field = (name: string): symbol | undefined =>
    Object.getOwnPropertySymbols(probe).find(({ description }) => description === name);
  const [buffer, callback] = [field('kBuffer'), field('kBufferCb')];
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
}
