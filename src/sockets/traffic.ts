import type { Socket } from 'node:net';

/** What went over the connections of a port since it was opened, TLS and framing included. */
export interface TrafficCounts {
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Connections that are open, and that ever were. */
  readonly openCount: number;
  readonly openedCount: number;
}

/** Adds up what sockets count by themselves: nothing is done when bytes come or go. */
export class Traffic {
  readonly #open = new Set<Socket>();
  #openedCount = 0;
  #receivedBytes = 0;
  #sentBytes = 0;

  add(socket: Socket): void {
    this.#open.add(socket);
    this.#openedCount++;
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#receivedBytes += socket.bytesRead;
      this.#sentBytes += socket.bytesWritten;
    });
  }

  get counts(): TrafficCounts {
    let [receivedBytes, sentBytes] = [this.#receivedBytes, this.#sentBytes];
    for (const { bytesRead, bytesWritten } of this.#open) {
      receivedBytes += bytesRead;
      sentBytes += bytesWritten;
    }
    return { receivedBytes, sentBytes, openCount: this.#open.size, openedCount: this.#openedCount };
  }
}
