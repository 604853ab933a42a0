/** Who takes the body of a request. */
export interface BodySink {
  /** Some bytes of it: valid during the call, for the next read of any socket goes over them. */
  onBytes(bytes: Buffer, start: number, end: number): void;
  /** All of it has come. */
  onEnd(): void;
  /** The client has gone away before, or has sent what is no body. */
  onGone(): void;
}

/** Takes what nobody wants. */
export const noSink: BodySink = { onBytes() {}, onEnd() {}, onGone() {} };
