import { flag, frameType, kindOf } from './frames.js';
import type { Output } from './output.js';

const goAwayKind = kindOf(frameType.goAway);
const pingKind = kindOf(frameType.ping);
const pingAckKind = kindOf(frameType.ping, flag.ack);
const resetKind = kindOf(frameType.rstStream);
const settingsKind = kindOf(frameType.settings);
const settingsAckKind = kindOf(frameType.settings, flag.ack);
const windowUpdateKind = kindOf(frameType.windowUpdate);

/** The longest reason that a GOAWAY carries. */
const reasonBytesMax = 256;

/** RFC 9113 §6.4–§6.9: writes the frames that speak of streams and connections and carry no message. */
export class FrameWriter {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  settings(payload: Buffer): void {
    this.#output.head(settingsKind, 0, payload.byteLength);
    this.#output.bytes(payload);
  }

  settingsAck(): void {
    this.#output.head(settingsAckKind, 0, 0);
  }

  ping(payload: Buffer): void {
    this.#output.head(pingKind, 0, payload.byteLength);
    this.#output.bytes(payload);
  }

  pingAck(payload: Buffer): void {
    this.#output.head(pingAckKind, 0, payload.byteLength);
    this.#output.bytes(payload);
  }

  reset(streamId: number, code: number): void {
    this.#output.head(resetKind, streamId, 4);
    this.#number(code);
  }

  windowUpdate(streamId: number, bytes: number): void {
    this.#output.head(windowUpdateKind, streamId, 4);
    this.#number(bytes);
  }

  goAway(lastStreamId: number, code: number, reason: string): void {
    const text = Buffer.from(reason).subarray(0, reasonBytesMax);
    this.#output.head(goAwayKind, 0, 8 + text.byteLength);
    this.#number(lastStreamId);
    this.#number(code);
    this.#output.bytes(text);
  }

  #number(value: number): void {
    const at = this.#output.reserve(4);
    this.#output.block.writeUInt32BE(value, at);
    this.#output.advance(at + 4);
  }
}
