import { InferenceError, invalidArgument } from '../inference/error.js';
import type { RegionSpan } from '../inference/region-span.js';
import type { RegionSource, RegionUse } from '../inference/region-use.js';
import { RegionBytes, type RegionPlace } from '../tensors/region-bytes.js';
import { checkBounds } from './region-bounds.js';
import { checkKey, closeObject, openObject, type RegionPart } from './shared-object.js';

export interface RegionOptions {
  /** Whether clients may share memory at all. */
  readonly enabled: boolean;
  /** Each keeps a file open. */
  readonly countMax: number;
}

/** A longer name is nobody's. */
const nameCharactersMax = 1024;

/** A registered part of a client's shared memory object. */
interface Region extends RegionPart {
  readonly fd: number;
  /** Requests that hold it, each as often as it names it. */
  useCount: number;
  /** It was unregistered, and goes with the last of its users. */
  leaving: boolean;
}

/**
 * The clients' shared memory: which parts of which objects are known by which names. A region that requests use when
 * it is unregistered stays as it is, its name taken, until the last of them has ended.
 *
 * Bound: `countMax` regions, one open file each. Invariant: a file is open exactly as long as its region is known.
 */
export class Regions implements RegionSource {
  readonly #options: RegionOptions;
  readonly #regions = new Map<string, Region>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: RegionOptions) {
    this.#options = options;
  }

  get enabled(): boolean {
    return this.#options.enabled;
  }

  /** Makes a part of an object known; the object must be there, and stays its client's to make and to remove. */
  register(part: RegionPart): void {
    this.refuseUnlessEnabled();
    const { name } = part;
    if (name === '' || name.length > nameCharactersMax) {
      throw invalidArgument(
        name === ''
          ? `'region name' is necessary to register system shared memory region`
          : `the name of a shared memory region has at most ${nameCharactersMax} characters`,
      );
    }
    checkKey(part);
    if (this.#regions.has(name)) {
      throw new InferenceError('already-exists', `shared memory region '${name}' already in manager`);
    }
    const { countMax } = this.#options;
    if (this.#regions.size >= countMax) {
      throw new InferenceError(
        'unavailable',
        `cannot register shared memory region '${name}': there are ${countMax}, which is what --max-client-shm-regions allows`,
      );
    }
    const { key, offset, byteSize } = part;
    const fd = openObject(part);
    this.#regions.set(name, { name, key, offset, byteSize, fd, useCount: 0, leaving: false });
  }

  /** The region of a name, or all for an empty one. */
  status(name: string): RegionPart[] {
    if (!this.enabled) return [];
    if (name === '') return [...this.#regions.values()];
    const region = this.#regions.get(name);
    if (region === undefined) {
      throw new InferenceError('not-found', `Unable to find system shared memory region: '${name}'`);
    }
    return [region];
  }

  /** Forgets the region of a name, or all for an empty one; one that nobody knows is forgotten already. */
  unregister(name: string): void {
    this.refuseUnlessEnabled();
    const regions = name === '' ? [...this.#regions.values()] : [this.#regions.get(name)];
    for (const region of regions) {
      if (region === undefined) continue;
      region.leaving = true;
      this.#leaveIfUnused(region);
    }
  }

  /** What one request needs; it is let go by `release`. */
  use(): RegionUse {
    return new Use({
      take: (span) => this.#take(span),
      giveBack: (region) => {
        region.useCount--;
        this.#leaveIfUnused(region);
      },
    });
  }

  refuseUnlessEnabled(): void {
    if (this.enabled) return;
    throw new InferenceError(
      'unsupported',
      `Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable.`,
    );
  }

  /** Forgets all; resolves when no file is open. To be called when no request is in flight. */
  async close(): Promise<void> {
    if (this.enabled) this.unregister('');
    await Promise.all(this.#closing);
  }

  /** The place of a span; its region stays until it is given back. */
  #take(span: RegionSpan): { region: Region; place: RegionPlace } {
    const region = this.#regions.get(span.region);
    if (region === undefined) {
      throw new InferenceError('not-found', `Unable to find shared memory region: '${span.region}'`);
    }
    const { offset, byteLength } = checkBounds(span, region.byteSize);
    region.useCount++;
    const position = Number(region.offset) + offset;
    return { region, place: { region: region.name, fd: region.fd, position, byteLength } };
  }

  #leaveIfUnused(region: Region): void {
    if (!region.leaving || region.useCount > 0) return;
    this.#regions.delete(region.name);
    // Whatever the system says to a close, the file is no longer open; and there is nobody to tell.
    const gone = (): void => void this.#closing.delete(closing);
    const closing = closeObject(region.fd).then(gone, gone);
    this.#closing.add(closing);
  }
}

interface Lender {
  take(span: RegionSpan): { region: Region; place: RegionPlace };
  giveBack(region: Region): void;
}

class Use implements RegionUse {
  readonly outputs = new Map<string, RegionPlace>();
  readonly #lender: Lender;
  #held: Region[] = [];

  constructor(lender: Lender) {
    this.#lender = lender;
  }

  input(span: RegionSpan): RegionBytes {
    return new RegionBytes(this.#take(span));
  }

  output(name: string, span: RegionSpan): void {
    this.outputs.set(name, this.#take(span));
  }

  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const region of held) this.#lender.giveBack(region);
  }

  #take(span: RegionSpan): RegionPlace {
    const { region, place } = this.#lender.take(span);
    this.#held.push(region);
    return place;
  }
}
