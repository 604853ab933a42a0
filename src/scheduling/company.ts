/** How much of an estimate the latest gap makes, once some were seen. */
const weight = 0.08;

/** Numbers in the system with a place of their own; larger ones share eight to each doubling. */
const exact = 64;
const places = exact + 8 * 16;

/** Company that always came is waited for so many deviations beyond the usual gap, less certain one shorter. */
const deviations = 12;

/** The clock and the loop cannot tell less apart. */
const leastUs = 5;

/** Below this chance, seen so often, company is said to end. */
const endChance = 0.1;
const endSeen = 4;

/**
 * Learns whether company comes: for each number of requests in the system, how likely another one arrives
 * within a horizon, and after which gap. Who is not in the system is who may come: eight clients that wait
 * for their answers show as "seven are here: the eighth comes soon; eight are here: nobody comes", and an
 * open flow as the same gap whoever is here. A gap begins with an arrival or a finished run (apart, for
 * answers take a way back before they bring anybody), and ends with one: so it says the same whether the
 * batch was held or went, and nothing has to be tried to be learnt. All figures are finite; memory is fixed.
 */
export class Company {
  // The first half of each is for gaps that began with an arrival, the second for those after a run.
  readonly #chance = new Float64Array(2 * places);
  readonly #gapUs = new Float64Array(2 * places);
  readonly #deviationUs = new Float64Array(2 * places);
  readonly #seen = new Uint8Array(2 * places);
  #inSystem = 0;
  #sinceUs = 0;
  /** The half that the current gap belongs to. */
  #half = 0;
  /** A later arrival comes too late to be company. */
  #horizonUs: number;

  constructor(horizonUs: number) {
    this.#horizonUs = horizonUs;
  }

  set horizonUs(value: number) {
    this.#horizonUs = value;
  }

  /** Requests that wait or run. */
  get inSystem(): number {
    return this.#inSystem;
  }

  /** Until when the next arrival is to be expected. */
  get expectedUntilUs(): number {
    return this.#sinceUs + this.patienceUs(this.place(this.#inSystem));
  }

  /** `inSystem` counts the request that arrived. */
  arrived(nowUs: number, inSystem: number): void {
    const gapUs = Math.max(0, nowUs - this.#sinceUs);
    if (inSystem > 1) this.#learn(this.place(inSystem - 1), gapUs, gapUs <= this.#horizonUs);
    this.#begin(nowUs, inSystem, 0);
  }

  /** A run ended, and so many requests still wait or run. */
  ran(nowUs: number, inSystem: number): void {
    const place = this.place(this.#inSystem);
    const toldUs = this.#seen[place] === 0 ? this.#horizonUs / 2 : this.patienceUs(place);
    // A run that ended before an arrival was to be expected says nothing about it.
    if (this.#inSystem > 0 && nowUs - this.#sinceUs >= toldUs) this.#learn(place, 0, false);
    this.#begin(nowUs, inSystem, places);
  }

  /** Where it is kept what follows the present gap. */
  place(inSystem: number): number {
    return placeOf(inSystem) + this.#half;
  }

  /** Where it is kept what follows an arrival that makes it so many. */
  placeAfterArrival(inSystem: number): number {
    return placeOf(inSystem);
  }

  /** How likely somebody comes. */
  chance(place: number): number {
    return this.#chance[place] ?? 0;
  }

  /** After which gap somebody comes, if so. */
  gapUs(place: number): number {
    return this.#gapUs[place] ?? 0;
  }

  /** After which gap nobody is to be expected any more. */
  patienceUs(place: number): number {
    const spreadUs = deviations * this.chance(place) * (this.#deviationUs[place] ?? 0);
    return Math.min(this.#horizonUs, Math.max(leastUs, this.gapUs(place) + spreadUs));
  }

  /** Whether these are all, as far as is known: nobody came while so many were here. */
  isAll(inSystem: number): boolean {
    const place = placeOf(inSystem);
    const seen = (this.#seen[place] ?? 0) + (this.#seen[place + places] ?? 0);
    return seen >= endSeen && this.chance(place) < endChance && this.chance(place + places) < endChance;
  }

  #begin(nowUs: number, inSystem: number, half: number): void {
    this.#inSystem = Math.max(0, inSystem);
    this.#sinceUs = nowUs;
    this.#half = half;
  }

  #learn(place: number, gapUs: number, came: boolean): void {
    const seen = this.#seen[place] ?? 0;
    const share = Math.max(weight, 1 / (seen + 2));
    const chance = this.chance(place);
    this.#chance[place] = chance + share * ((came ? 1 : 0) - chance);
    if (seen < 255) this.#seen[place] = seen + 1;
    if (!came) return;
    const offUs = gapUs - this.gapUs(place);
    const isFirst = chance === 0;
    this.#gapUs[place] = isFirst ? gapUs : this.gapUs(place) + share * offUs;
    const deviationUs = this.#deviationUs[place] ?? 0;
    this.#deviationUs[place] = isFirst ? gapUs / 2 : deviationUs + share * (Math.abs(offUs) - deviationUs);
  }
}

function placeOf(inSystem: number): number {
  if (inSystem < exact) return Math.max(0, inSystem);
  const exponent = Math.min(21, 31 - Math.clz32(inSystem));
  return exact + (exponent - 6) * 8 + ((inSystem >> (exponent - 3)) & 7);
}
