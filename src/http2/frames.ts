/** RFC 9113 §4.1, §6 and §7: the numbers of HTTP/2. */

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames; `ack` and `endStream` are the same bit of different types. */
export const flag = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** A frame's type and flags in one number, as they stand behind each other in its head. */
export type FrameKind = number;

export function kindOf(type: number, flags = 0): FrameKind {
  return (type << 8) | flags;
}

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** §7: why a stream is reset or a connection ends. */
export const errorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const;

export const frameHeadBytes = 9;

/** §6.9.1: no window may exceed this. */
export const windowMax = 2 ** 31 - 1;

/** §6.9.2: every window at the start of a connection. */
export const firstWindowBytes = 65_535;

/** §4.2: what a frame may hold before the peer's settings say more, and what they may say at most. */
export const firstFrameBytes = 16_384;
export const frameBytesMax = 2 ** 24 - 1;

export const streamIdMax = 2 ** 31 - 1;

/** §3.4: what a client sends first. */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
