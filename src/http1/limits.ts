/** What a peer may ask of a server. Each bound refuses or cuts the one who goes over it. */
export interface Limits {
  /** Connections at a time; more are closed as they come. */
  readonly connectionsMax: number;
  /** Of the head of a request. */
  readonly headBytesMax: number;
  /** How long a head may take, and how long a body that nobody reads may stand still. */
  readonly receiveTimeoutMs: number;
  /** How long a connection may be without requests; 0: as long as it likes. */
  readonly idleTimeoutMs: number;
  /** How long what was written for a connection may stand still. */
  readonly sendTimeoutMs: number;
}

/** How long a client may take to close a connection that was ended. */
export const lingerMs = 2000;
