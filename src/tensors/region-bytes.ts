/**
 * A place in a client's shared memory, inside of its region: bytes of a file that is open for as long as the request
 * runs. What lies there is the client's to change or cut off at any moment: it is read once, into memory of our own,
 * and only what was read is looked at.
 */
export interface RegionPlace {
  /** The region's name, for messages. */
  readonly region: string;
  readonly fd: number;
  readonly position: number;
  readonly byteLength: number;
}

/** The bytes of an input that still lie in shared memory. */
export class RegionBytes {
  readonly place: RegionPlace;

  constructor(place: RegionPlace) {
    this.place = place;
  }

  get byteLength(): number {
    return this.place.byteLength;
  }
}
