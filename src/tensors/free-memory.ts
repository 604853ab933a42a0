import { MessageChannel, type MessagePort } from 'node:worker_threads';

/**
 * Frees the memory of a buffer that nobody uses any more at once, where it would else wait for a collection that an
 * idle process never makes: a message to a port that is closed takes the buffer with it. Shared memory can only be
 * forgotten. The buffer is empty behind this.
 */
export function freeMemory(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer) (nowhere ??= closedPort()).postMessage(undefined, [buffer]);
}

let nowhere: MessagePort | undefined;

function closedPort(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  return port1;
}
