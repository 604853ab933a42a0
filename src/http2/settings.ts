import type { Limits } from './limits.js';
import { errorCode, frameBytesMax, setting, windowMax } from './frames.js';

/** What the peer's SETTINGS may change. */
export interface PeerSettings {
  setTableBytes(bytes: number): void;
  /** False when a stream's window would grow too large. */
  setStreamWindow(bytes: number): boolean;
  setFrameBytes(bytes: number): void;
}

const entryBytes = 6;

/** RFC 9113 §6.5: applies a SETTINGS payload in its order; the result is the error that it is, or NO_ERROR. */
export function applySettings(peer: PeerSettings, bytes: Buffer): number {
  if (bytes.byteLength % entryBytes !== 0) return errorCode.frameSizeError;
  for (let at = 0; at < bytes.byteLength; at += entryBytes) {
    const error = applyOne(peer, bytes.readUInt16BE(at), bytes.readUInt32BE(at + 2));
    if (error !== errorCode.noError) return error;
  }
  return errorCode.noError;
}

function applyOne(peer: PeerSettings, id: number, value: number): number {
  switch (id) {
    case setting.headerTableSize:
      peer.setTableBytes(value);
      return errorCode.noError;
    case setting.enablePush:
      return value > 1 ? errorCode.protocolError : errorCode.noError;
    case setting.initialWindowSize:
      if (value > windowMax || !peer.setStreamWindow(value)) return errorCode.flowControlError;
      return errorCode.noError;
    case setting.maxFrameSize:
      if (value < 16_384 || value > frameBytesMax) return errorCode.protocolError;
      peer.setFrameBytes(value);
      return errorCode.noError;
    default:
      return errorCode.noError;
  }
}

/** What is announced to a peer. */
export function announced(limits: Limits): Buffer {
  return encodeSettings([
    [setting.maxConcurrentStreams, limits.streamsMax],
    [setting.initialWindowSize, limits.streamWindowBytes],
    [setting.maxHeaderListSize, limits.headerListBytesMax],
  ]);
}

/** A SETTINGS payload. */
export function encodeSettings(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(settings.length * entryBytes);
  for (const [index, [id, value]] of settings.entries()) {
    bytes.writeUInt16BE(id, index * entryBytes);
    bytes.writeUInt32BE(value, index * entryBytes + 2);
  }
  return bytes;
}
