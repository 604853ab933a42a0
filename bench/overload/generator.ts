import { inferPath } from '../../src/loadtest/payload.js';
import { Recorder } from '../../src/loadtest/recorder.js';
import { connectRaw, type RawConnection, type StreamState } from '../raw/connection.js';
import { callHeaders, flag, frame, framed, type } from '../raw/frames.js';

/**
 * A stretch of the load: calls come at this rate, whatever became of those before; or one after another in lanes.
 * One of endless seconds lasts until `'next'` is said.
 */
export type Phase =
  | { readonly kind: 'open'; readonly name: string; readonly perSecond: number; readonly seconds: number }
  | { readonly kind: 'closed'; readonly name: string; readonly lanes: number; readonly seconds: number };

/** What the process that makes the load is told. */
export interface GeneratorOrder {
  readonly port: number;
  readonly message: Uint8Array;
  readonly connectionCount: number;
  /** An answer after more than this is of no use to its caller. */
  readonly limitMs: number;
  readonly phases: readonly Phase[];
  /** Whether answers are told apart by their last number, an FP32. */
  readonly marks?: boolean;
}

/** What became of the calls that fell due in a phase. */
export interface PhaseFigures {
  readonly name: string;
  readonly seconds: number;
  readonly offered: number;
  readonly answered: number;
  /** Answered within the limit. */
  readonly useful: number;
  /** How many answers had which last number, to three places. */
  readonly marks: readonly (readonly [mark: string, count: number])[];
  readonly rejected: number;
  readonly otherFailures: readonly (readonly [text: string, count: number])[];
  /** Of what was answered well, from the moment at which the call was due. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** The same from the moment at which it was sent, which leaves the generator's own lateness out. */
  readonly sentP99Us: number;
  readonly rejectedP99Us: number;
  /** How far behind its plan the generator itself was: more than some ms, and the figures are its own. */
  readonly lateP99Us: number;
}

export type FromGenerator =
  | { readonly kind: 'phase'; readonly name: string }
  | { readonly kind: 'done'; readonly figures: readonly PhaseFigures[] };

const unavailable = 14;
/** After the last phase, for what is still under way. */
const endMsMax = 5000;

/** The phase that is played, until when, and what it counts into. */
interface Stretch {
  readonly phase: Phase;
  readonly tally: Tally;
  endUs: number;
}

let current: Stretch | undefined;

process.once('message', (order: GeneratorOrder) => {
  process.on('message', (said) => {
    if (said === 'next' && current !== undefined) current.endUs = nowUs();
  });
  void run(order);
});

class Tally {
  readonly latency = new Recorder();
  readonly sentLatency = new Recorder();
  readonly rejectedLatency = new Recorder();
  readonly lateness = new Recorder();
  readonly failures = new Map<string, number>();
  readonly marks = new Map<string, number>();
  readonly name: string;
  seconds = 0;
  offered = 0;
  useful = 0;
  open = 0;

  constructor(name: string) {
    this.name = name;
  }

  figures(): PhaseFigures {
    return {
      name: this.name,
      seconds: this.seconds,
      offered: this.offered,
      answered: this.latency.count,
      useful: this.useful,
      marks: [...this.marks],
      rejected: this.rejectedLatency.count,
      otherFailures: [...this.failures],
      p50Us: this.latency.quantileUs(0.5),
      p99Us: this.latency.quantileUs(0.99),
      sentP99Us: this.sentLatency.quantileUs(0.99),
      rejectedP99Us: this.rejectedLatency.quantileUs(0.99),
      lateP99Us: this.lateness.quantileUs(0.99),
    };
  }

  ended(state: StreamState, { us, sentUs, limitUs }: { us: number; sentUs: number; limitUs: number }): void {
    if (state.ended === 'end' && state.dataBytes > 5) {
      this.latency.record(us);
      this.sentLatency.record(sentUs);
      if (us <= limitUs) this.useful++;
    } else if (state.status === unavailable) this.rejectedLatency.record(us);
    else {
      addOne(
        this.failures,
        state.ended === 'end' ? `status ${state.status}` : `stream ended: ${state.ended}`,
      );
    }
  }
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

async function run(order: GeneratorOrder): Promise<void> {
  const connections: RawConnection[] = [];
  for (let i = 0; i < order.connectionCount; i++) {
    const connection = await connectRaw(order.port);
    if (connection === undefined) throw new Error('the server takes no connection');
    if (order.marks === true) {
      connection.onData = (bytes, start, end) => {
        if (end - start > 4) addOne(current?.tally.marks ?? new Map(), bytes.readFloatLE(end - 4).toFixed(3));
      };
    }
    connections.push(connection);
  }
  const body = framed(order.message);
  const block = callHeaders(inferPath);
  let next = 0;
  const call = (tally: Tally, dueUs: number, done?: () => void): void => {
    const connection = connections[next++ % connections.length];
    if (connection === undefined) return;
    if (!connection.usable) {
      tally.offered++;
      return addOne(tally.failures, 'no connection');
    }
    const stream = connection.stream();
    const state = connection.streams.get(stream);
    if (state === undefined) return;
    tally.offered++;
    tally.open++;
    const startUs = nowUs();
    state.onEnd = () => {
      const endUs = nowUs();
      connection.streams.delete(stream);
      tally.open--;
      tally.ended(state, { us: endUs - dueUs, sentUs: endUs - startUs, limitUs: order.limitMs * 1000 });
      done?.();
    };
    if (connection.socket.writableCorked === 0) {
      connection.socket.cork();
      setImmediate(() => connection.socket.uncork());
    }
    connection.write(frame({ type: type.headers, flags: flag.endHeaders, stream }, block));
    void connection.send(stream, body);
  };
  const tallies: Tally[] = [];
  for (const phase of order.phases) {
    const tally = new Tally(phase.name);
    tallies.push(tally);
    const startUs = nowUs();
    const stretch = { phase, tally, endUs: startUs + phase.seconds * 1e6 };
    current = stretch;
    process.send?.({ kind: 'phase', name: phase.name } satisfies FromGenerator);
    if (phase.kind === 'open') await playOpen(stretch, phase.perSecond, call);
    else await playClosed(stretch, phase.lanes, call);
    tally.seconds = (stretch.endUs - startUs) / 1e6;
  }
  const endMs = performance.now() + endMsMax;
  while (tallies.some(({ open }) => open > 0) && performance.now() < endMs) await pause(5);
  const figures = tallies.map((tally) => tally.figures());
  process.send?.({ kind: 'done', figures } satisfies FromGenerator, () => process.exit(0));
}

type CallOnce = (tally: Tally, dueUs: number, done?: () => void) => void;

/** Calls at random moments, as many callers who know nothing of each other make them. */
async function playOpen(stretch: Stretch, perSecond: number, call: CallOnce): Promise<void> {
  const random = randomNumbers(7);
  let dueUs = nowUs();
  while (dueUs < stretch.endUs) {
    for (const now = nowUs(); dueUs <= now && dueUs < stretch.endUs;) {
      stretch.tally.lateness.record(now - dueUs);
      call(stretch.tally, dueUs);
      dueUs += (-Math.log(1 - random()) / perSecond) * 1e6;
    }
    await pause(1);
  }
}

/** Calls in lanes, each after the answer to the one before. */
async function playClosed(stretch: Stretch, lanes: number, call: CallOnce): Promise<void> {
  const { tally } = stretch;
  const again = (): void => {
    if (nowUs() < stretch.endUs) call(tally, nowUs(), again);
  };
  for (let lane = 0; lane < lanes; lane++) again();
  while (nowUs() < stretch.endUs || tally.open > 0) await pause(1);
}

function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

function nowUs(): number {
  return performance.now() * 1000;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
