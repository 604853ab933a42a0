import type { KeepaliveOptions } from '../../src/http2/keepalive.js';

/** Nobody is pinged, and everybody may ping. */
export const quietKeepalive: KeepaliveOptions = {
  timeMs: 7_200_000,
  timeoutMs: 20_000,
  withoutStreams: true,
  pingsWithoutDataMax: 0,
  peerIntervalMs: 0,
  strikesMax: 0,
};
