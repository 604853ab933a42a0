import type { Random } from './random.js';

/** Values at the edges of what fields of frames may say. */
const edges = [0, 1, 2, 3, 4, 5, 8, 9, 16, 127, 128, 255];
const numberEdges = [0, 1, 2, 65_535, 2 ** 24 - 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

type Mutation = (random: Random, frames: Buffer[], donor: readonly Buffer[]) => void;

function place(random: Random, frames: readonly Buffer[]): number {
  return random.below(frames.length);
}

/** Replaces one frame by a changed copy. */
function change(random: Random, frames: Buffer[], edit: (bytes: Buffer) => void): void {
  const at = place(random, frames);
  const bytes = Buffer.from(frames[at]!);
  if (bytes.byteLength > 0) edit(bytes);
  frames[at] = bytes;
}

const mutations: readonly Mutation[] = [
  // A byte anywhere, and a bit.
  (random, frames) =>
    change(random, frames, (bytes) => (bytes[random.below(bytes.byteLength)] = random.below(256))),
  (random, frames) =>
    change(random, frames, (bytes) => {
      const at = random.below(bytes.byteLength);
      bytes[at] = bytes[at]! ^ (1 << random.below(8));
    }),
  // Length, type, flags and stream of a frame.
  (random, frames) =>
    change(random, frames, (bytes) => {
      if (bytes.byteLength < 9) return;
      const length = bytes.readUIntBE(0, 3);
      const other = random.chance(0.5) ? length + random.below(9) - 4 : random.pick([0, 1, 16_384, 16_385]);
      bytes.writeUIntBE(Math.max(other, 0), 0, 3);
    }),
  (random, frames) =>
    change(random, frames, (bytes) => {
      if (bytes.byteLength >= 9) bytes[3] = random.below(12);
    }),
  (random, frames) =>
    change(random, frames, (bytes) => {
      if (bytes.byteLength >= 9) bytes[4] = random.chance(0.5) ? random.below(64) : random.below(256);
    }),
  (random, frames) =>
    change(random, frames, (bytes) => {
      if (bytes.byteLength >= 9)
        bytes.writeUInt32BE(random.chance(0.8) ? random.below(12) : random.below(2 ** 31 - 2), 5);
    }),
  // A payload's edges.
  (random, frames) =>
    change(random, frames, (bytes) => {
      if (bytes.byteLength > 9) bytes[9] = random.pick(edges);
    }),
  (random, frames) =>
    change(random, frames, (bytes) => {
      if (bytes.byteLength >= 13) bytes.writeUInt32BE(random.pick(numberEdges), bytes.byteLength - 4);
    }),
  // Frames come twice, go missing, change places, come from another session.
  (random, frames) => {
    const at = place(random, frames);
    for (let more = 1 + random.below(3); more > 0; more--) frames.splice(at, 0, frames[at]!);
  },
  (random, frames) => void (frames.length > 1 && frames.splice(place(random, frames), 1)),
  (random, frames) => {
    const [from, to] = [place(random, frames), place(random, frames)];
    frames.splice(to, 0, ...frames.splice(from, 1));
  },
  (random, frames, donor) => {
    const from = place(random, donor);
    frames.splice(place(random, frames), 0, ...donor.slice(from, from + 1 + random.below(4)));
  },
  // A frame is cut short, or something lies between two.
  (random, frames) => {
    const at = place(random, frames);
    frames[at] = frames[at]!.subarray(0, random.below(frames[at]!.byteLength + 1));
  },
  (random, frames) => void frames.splice(place(random, frames), 0, random.bytes(random.below(30))),
  // Nothing follows.
  (random, frames) => void frames.splice(1 + place(random, frames)),
];

/** Breaks some rules of a session; most keep their preface, without which nothing else is seen. */
export function mutated(random: Random, frames: readonly Buffer[], donor: readonly Buffer[]): Buffer[] {
  const [first, ...rest] = frames;
  const touched = rest.slice();
  for (let left = random.pick([0, 1, 1, 1, 2, 3, 6]); left > 0; left--) {
    if (touched.length > 0) random.pick(mutations)(random, touched, donor);
  }
  const all = [first!, ...touched];
  if (random.chance(0.02)) random.pick(mutations)(random, all, donor);
  return all;
}

/** The reads in which a server gets these bytes. */
export function split(random: Random, frames: readonly Buffer[]): Buffer[] {
  const bytes = Buffer.concat(frames);
  const reads: Buffer[] = [];
  const most = random.pick([1, 3, 10, 100, 1000, 100_000]);
  // Many tiny reads tell no more than some.
  const tinyEnd = most <= 3 ? 200 : bytes.byteLength;
  let at = 0;
  while (at < bytes.byteLength) {
    const stop = at < tinyEnd ? at + 1 + random.below(most) : bytes.byteLength;
    reads.push(bytes.subarray(at, stop));
    at = stop;
  }
  return reads;
}
