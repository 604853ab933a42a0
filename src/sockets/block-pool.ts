const blockBytes = 64 * 1024;
const idleBlocksMax = 64;

/** Blocks that what is sent is written into, lent to connections while they have something to say. */
export class BlockPool {
  readonly #idle: Buffer[] = [];

  take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
  }

  giveBack(block: Buffer): void {
    if (this.#idle.length < idleBlocksMax) this.#idle.push(block);
  }
}
