// Header fields (RFC 7541 1.3, 4.1).

/** Values of Field.indexing that are no index of the static table. */
export const indexing = { plain: 0, repeats: -1 } as const;

/**
 * A header field. Instances live in the static table, in dynamic tables and in the intern table, and are
 * shared by all blocks, and through the intern table by all connections, that carry them.
 */
export class Field {
  /** Octets as latin1 text, like the value. */
  readonly name: string;
  readonly value: string;
  /** How an encoder treats this very object: its index in the static table, or one of `indexing`. */
  readonly indexing: number;
  /**
   * What the layer above found out about this field, kept with it; 0 while it has not looked. Fields of the
   * static table are the same for all servers of a process: it must follow from name and value alone.
   */
  mark = 0;

  constructor(name: string, value: string, how: number = indexing.plain) {
    this.name = name;
    this.value = value;
    this.indexing = how;
  }

  /** What it takes in a table (RFC 7541 4.1) and in a header list (RFC 9113 6.5.2). */
  get size(): number {
    return this.name.length + this.value.length + 32;
  }
}
