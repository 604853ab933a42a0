/** Answers after which the tail is looked at. */
const windowCount = 512;

/** Bins of the histogram to each doubling, up to 2^26 µs. */
const binsPerDoubling = 8;
const bins = binsPerDoubling * 24;

/** A p99 under this share of the objective leaves room. */
const room = 0.8;

/**
 * Holds the p99 latency under an objective: while it is met with room to spare, the delay and the time
 * planned for a run grow step by step up to their bounds; when it is missed, both shrink at once.
 */
export class LatencyObjective {
  readonly #objectiveUs: number;
  readonly #maxDelayUs: number;
  readonly #counts = new Uint32Array(bins);
  #count = 0;
  #p99Us: number | undefined;
  #delayUs: number;
  #share = 1;

  constructor({ objectiveUs, maxDelayUs }: { objectiveUs: number; maxDelayUs: number }) {
    this.#objectiveUs = objectiveUs;
    this.#maxDelayUs = maxDelayUs;
    this.#delayUs = maxDelayUs;
  }

  /** The measured p99 of the last full window. */
  get p99Us(): number | undefined {
    return this.#p99Us;
  }

  /** How long a batch may be held at present; at most the owner's bound. */
  get delayUs(): number {
    return this.#delayUs;
  }

  /** The time in which a request shall be answered that comes just after a run began. */
  get budgetUs(): number {
    return this.#share * this.#objectiveUs;
  }

  answered(latencyUs: number): void {
    const bin = binOf(latencyUs);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    if (++this.#count >= windowCount) this.#look();
  }

  #look(): void {
    const p99Us = this.#takeP99();
    this.#p99Us = p99Us;
    if (p99Us > this.#objectiveUs) {
      this.#share = Math.max(0.25, this.#share * 0.85);
      this.#delayUs = this.#delayUs < 1 ? 0 : this.#delayUs * 0.7;
    } else if (p99Us < room * this.#objectiveUs) {
      this.#share = Math.min(1, this.#share + 0.05);
      this.#delayUs = Math.min(this.#maxDelayUs, this.#delayUs + this.#maxDelayUs / 16);
    }
  }

  #takeP99(): number {
    let above = this.#count - Math.ceil(this.#count * 0.99);
    let bin = bins - 1;
    for (; bin > 0; bin--) {
      above -= this.#counts[bin] ?? 0;
      if (above < 0) break;
    }
    this.#counts.fill(0);
    this.#count = 0;
    return middleOf(bin);
  }
}

/** The first doubling begins at 8 µs: less falls into the first bin. */
function binOf(latencyUs: number): number {
  if (!(latencyUs >= binsPerDoubling)) return 0;
  if (latencyUs >= 2 ** 27) return bins - 1;
  const exponent = 31 - Math.clz32(latencyUs);
  return (exponent - 3) * binsPerDoubling + ((latencyUs >> (exponent - 3)) & (binsPerDoubling - 1));
}

function middleOf(bin: number): number {
  const least = 2 ** (3 + Math.floor(bin / binsPerDoubling));
  return least * (1 + ((bin % binsPerDoubling) + 0.5) / binsPerDoubling);
}
