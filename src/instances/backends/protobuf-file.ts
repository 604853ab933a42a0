import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A field of an encoded message in a file: its value, for a number, or where its body lies. */
export interface FileField {
  readonly number: number;
  readonly value: number;
  readonly start: number;
  readonly end: number;
}

const windowBytes = 64 * 1024;

/**
 * Fields of an encoded protobuf message that lies in a file. Bodies are passed over unless somebody asks
 * for them, so a model of any size is looked through without its weights. Blocks its thread.
 */
export class ProtobufFile {
  readonly #file: number;
  readonly byteLength: number;
  readonly #window = Buffer.alloc(windowBytes);
  /** Where the window lies, and how much of it is filled. */
  #at = 0;
  #filled = 0;

  constructor(file: string) {
    this.#file = openSync(file, 'r');
    this.byteLength = fstatSync(this.#file).size;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** The fields of the message from `start` to `end`. Throws on what is not protobuf. */
  *fields(start = 0, end = this.byteLength): Generator<FileField> {
    for (let at = start; at < end;) {
      const tag = this.#varint(at, end);
      const [number, wireType] = [Math.floor(tag.value / 8), tag.value % 8];
      let field: FileField;
      if (wireType === 0) {
        const { value, end: behind } = this.#varint(tag.end, end);
        field = { number, value, start: tag.end, end: behind };
      } else if (wireType === 1 || wireType === 5) {
        field = { number, value: 0, start: tag.end, end: tag.end + (wireType === 1 ? 8 : 4) };
      } else if (wireType === 2) {
        const length = this.#varint(tag.end, end);
        field = { number, value: 0, start: length.end, end: length.end + length.value };
      } else throw new Error(`unexpected wire type ${wireType} at byte ${at}`);
      if (field.end > end) throw new Error(`a field at byte ${at} goes beyond its message`);
      at = field.end;
      yield field;
    }
  }

  text({ start, end }: FileField): string {
    const bytes = Buffer.alloc(end - start);
    readSync(this.#file, bytes, 0, bytes.byteLength, start);
    return bytes.toString();
  }

  /** Beyond 2^53 a number is only comparable; a negative one is huge. */
  #varint(start: number, limit: number): { value: number; end: number } {
    let value = 0;
    for (let at = start, factor = 1; at < limit && at < start + 10; at++, factor *= 128) {
      const byte = this.#byte(at);
      value += (byte & 127) * factor;
      if (byte < 128) return { value, end: at + 1 };
    }
    throw new Error(`a number at byte ${start} has no end`);
  }

  #byte(at: number): number {
    if (at < this.#at || at >= this.#at + this.#filled) {
      this.#at = at;
      this.#filled = readSync(this.#file, this.#window, 0, windowBytes, at);
      if (this.#filled === 0) throw new Error(`the file ends at byte ${at}`);
    }
    return this.#window[at - this.#at] ?? 0;
  }
}
