import { ArrivalRate } from './arrival-rate.js';
import { Company } from './company.js';
import { CostCurve } from './cost-curve.js';
import { LatencyObjective } from './latency-objective.js';

export interface TunerOptions {
  /** No batch is held longer, counted from the arrival of its oldest request. */
  readonly maxDelayUs: number;
  readonly maxBatchSize: number;
  /** How many instances take batches from the one queue; 1 if absent. */
  readonly instanceCount?: number;
  /** The p99 latency to hold, if there is one. */
  readonly objectiveUs?: number;
}

/** A run that came back. */
export interface RanBatch {
  readonly rows: number;
  /** From hand-over to answer; nothing is learnt from a run that failed and is told as 0. */
  readonly tookUs: number;
  /** Requests that still wait or run, those of this run not counted. */
  readonly inSystem: number;
}

/** What a tuner has learnt and does, for logs and metrics. */
export interface TunerState {
  /** How long batches were held of late, on average. */
  readonly effectiveDelayUs: number;
  /** How long the next one may be held. */
  readonly delayBoundUs: number;
  readonly batchSizeMax: number;
  readonly arrivalsPerSec: number;
  /** The line through the cost curve: a run takes fixedUs + rows * rowUs. */
  readonly fixedUs: number;
  readonly rowUs: number;
  readonly costCurve: readonly { readonly rows: number; readonly runUs: number }[];
  /** Measured where there is an objective. */
  readonly p99Us: number | undefined;
}

/** What is to be won must be more than what is lost by this much: estimates are noisy, and going is never wrong by much. */
const margin = 0.7;

/** How much of the mean delay the latest batch makes. */
const weight = 0.05;

/** How likely a chain of arrivals must be to be counted on. */
const leastLikely = 0.3;

/** How far a decision looks ahead: it is made on the request path. */
const stepsMax = 64;

/** The capacity that is kept above the arrival rate, whatever the objective. */
const headroom = 1.1;

/** Runs between two decisions on the batch size. */
const sizeEvery = 16;

/**
 * Decides how long an idle instance holds a batch that is not full, from what arrivals and runs have taught.
 * It has no clock: each call is told the time. A batch is never held beyond `maxDelayUs` after its oldest
 * request came, nor before company is known to come, so never for a single client that waits for its answers.
 */
export class DelayTuner {
  readonly #options: TunerOptions;
  readonly #cost = new CostCurve();
  readonly #rate = new ArrivalRate();
  readonly #company: Company;
  readonly #objective: LatencyObjective | undefined;
  #batchSizeMax: number;
  #runningCount = 0;
  #ranUs = 0;
  #heldSinceUs: number | undefined;
  #effectiveDelayUs = 0;

  constructor(options: TunerOptions) {
    const { maxDelayUs, maxBatchSize, objectiveUs } = options;
    this.#options = options;
    this.#company = new Company(maxDelayUs);
    this.#batchSizeMax = maxBatchSize;
    if (objectiveUs !== undefined) this.#objective = new LatencyObjective({ objectiveUs, maxDelayUs });
  }

  /** The largest batch to form: the model's own limit, or less to hold the objective. */
  get batchSizeMax(): number {
    return this.#batchSizeMax;
  }

  /** To be told of every arrival; `inSystem` counts requests that wait or run, this one too. */
  arrived(nowUs: number, rows: number, inSystem: number): void {
    this.#rate.arrived(nowUs, rows);
    this.#company.arrived(nowUs, inSystem);
  }

  /** To be told of every batch that leaves for an instance; each is followed by one `ran`. */
  handedOver(nowUs: number): void {
    const heldUs = this.#heldSinceUs === undefined ? 0 : Math.max(0, nowUs - this.#heldSinceUs);
    this.#heldSinceUs = undefined;
    this.#effectiveDelayUs += weight * (heldUs - this.#effectiveDelayUs);
    this.#runningCount++;
  }

  /** To be told of every batch that comes back, before the instance asks for the next. */
  ran(nowUs: number, { rows, tookUs, inSystem }: RanBatch): void {
    this.#runningCount = Math.max(0, this.#runningCount - 1);
    if (tookUs > 0 && Number.isFinite(tookUs)) this.#cost.observe(rows, tookUs);
    this.#company.ran(nowUs, inSystem);
    this.#ranUs = nowUs;
    const { fixedUs, runCount } = this.#cost;
    // Holding saves at most what a run costs beside its rows.
    if (fixedUs > 0) this.#company.horizonUs = Math.min(this.#options.maxDelayUs, fixedUs);
    if (runCount % sizeEvery === 0) this.#chooseSize(nowUs);
  }

  /** To be told of every answer where there is an objective. */
  answered(latencyUs: number): void {
    this.#objective?.answered(latencyUs);
  }

  /**
   * An instance is idle and `waiting` rows, fewer than `batchSizeMax`, wait since `oldestUs`: until when to
   * hold them. They go now if that is not later than now.
   */
  holdUntilUs(nowUs: number, waiting: number, oldestUs: number): number {
    const boundUs = oldestUs + this.#delayBoundUs;
    if (boundUs <= nowUs || !this.#pays(nowUs, waiting)) return nowUs;
    const untilUs = Math.min(boundUs, this.#company.expectedUntilUs);
    if (untilUs > nowUs) this.#heldSinceUs ??= nowUs;
    return untilUs;
  }

  stateAt(nowUs: number): TunerState {
    return {
      effectiveDelayUs: this.#effectiveDelayUs,
      delayBoundUs: this.#delayBoundUs,
      batchSizeMax: this.#batchSizeMax,
      arrivalsPerSec: this.#rate.perSec(nowUs),
      fixedUs: this.#cost.fixedUs,
      rowUs: this.#cost.rowUs,
      costCurve: this.#cost.toPoints(),
      p99Us: this.#objective?.p99Us,
    };
  }

  get #delayBoundUs(): number {
    return this.#objective?.delayUs ?? this.#options.maxDelayUs;
  }

  /**
   * Follows the arrivals that are to be expected, one after another, and says whether holding pays for any
   * number of them. It pays in one of two ways.
   *
   * - Latency: k more are here after w. Going now, the n that wait are answered after T(n) and the k, who
   *   must wait for that run, after T(n) + T(k); holding, all after w + T(n+k). With T(n) = a + b * n the sum
   *   is less if k * (a - b * n) > (n + k) * w.
   * - Throughput: where the k are all that can come, as with clients that wait for their answers, who is
   *   answered early only comes back early to wait for the others' run. Then what counts is requests per
   *   time, n / T(n) against (n + k) / (w + T(n+k)): holding is better if k * a > n * w. Going without the
   *   last one would lose it all, so holding for that one alone must pay too; and the instance may not stand
   *   idle from run to run for longer than a run's own cost, or each client alone would come round faster.
   *
   * With other instances running, whoever comes need not wait for all of a run; with others idle, it takes
   * as many arrivals more until somebody must wait at all.
   */
  #pays(nowUs: number, waiting: number): boolean {
    const company = this.#company;
    const { fixedUs, rowUs } = this.#cost;
    const savedUs = fixedUs / (this.#runningCount + 1);
    const idle = Math.max(1, (this.#options.instanceCount ?? 1) - this.#runningCount);
    const { meanRows } = this.#rate;
    const requests = Math.max(1, waiting / meanRows);
    const steps = Math.min(stepsMax, (this.#batchSizeMax - waiting) / meanRows);
    let likely = 1;
    let came = 0;
    let heldUs = 0;
    let lastUs = 0;
    for (let step = 0; step <= steps; step++) {
      const inSystem = company.inSystem + step;
      if (step > 0 && company.isAll(inSystem)) {
        if (nowUs - this.#ranUs + heldUs > savedUs) return false;
        return came * savedUs > requests * heldUs && savedUs > (requests + step - 1) * lastUs;
      }
      const place = step === 0 ? company.place(inSystem) : company.placeAfterArrival(inSystem);
      const before = likely;
      likely *= company.chance(place);
      if (likely < leastLikely) return false;
      came += likely;
      lastUs = idle * company.gapUs(place);
      heldUs += likely * lastUs + (before - likely) * idle * company.patienceUs(place);
      if (margin * came * (savedUs - waiting * rowUs) > (requests + came) * heldUs) return true;
    }
    return false;
  }

  /**
   * The largest batch for which a request that just missed a run, and so waits for two, is answered in time;
   * but large enough that what arrives can be served at all.
   */
  #chooseSize(nowUs: number): void {
    if (this.#objective === undefined) return;
    const { maxBatchSize, instanceCount = 1 } = this.#options;
    const needed = (headroom * this.#rate.perSec(nowUs)) / 1e6 / instanceCount;
    const spareUs = this.#objective.budgetUs - this.#effectiveDelayUs;
    let chosen = 1;
    let isEnough = false;
    for (let rows = 1; rows <= maxBatchSize; rows = nextSize(rows, maxBatchSize)) {
      const runUs = this.#cost.at(rows);
      if (isEnough && 2 * runUs > spareUs) break;
      chosen = rows;
      isEnough ||= rows >= needed * runUs;
    }
    this.#batchSizeMax = chosen;
  }
}

/** Every size up to 64, then steps of an eighth, and the largest: few enough for any limit. */
function nextSize(rows: number, maxBatchSize: number): number {
  if (rows === maxBatchSize) return rows + 1;
  return Math.min(maxBatchSize, rows < 64 ? rows + 1 : Math.floor(rows * 1.125));
}
