import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Keepalive, type KeepaliveOptions } from '../../src/http2/keepalive.js';

const options: KeepaliveOptions = {
  timeMs: 100,
  timeoutMs: 20,
  withoutStreams: false,
  pingsWithoutDataMax: 2,
  peerIntervalMs: 50,
  strikesMax: 2,
};
const twoHoursMs = 7_200_000;

interface Seen {
  readonly streams?: number;
  readonly sent?: number;
}

/** Time, what happens then, and what comes of it. */
type Step =
  | readonly [atMs: number, 'heard' | 'answered']
  | readonly [atMs: number, 'look', outcome: 'nothing' | 'ping' | 'dead', seen?: Seen]
  | readonly [atMs: number, 'pinged', allowed: boolean, seen?: Seen];

interface Story {
  readonly title: string;
  readonly options?: Partial<KeepaliveOptions>;
  readonly steps: readonly Step[];
}

const stories: readonly Story[] = [
  {
    title: 'a peer that was silent for the time is pinged once, and is dead when the timeout has passed',
    steps: [
      [99, 'look', 'nothing'],
      [100, 'look', 'ping'],
      [101, 'look', 'nothing'],
      [119, 'look', 'nothing'],
      [120, 'look', 'dead'],
    ],
  },
  {
    title: 'a peer that answers is pinged again when it was silent again',
    steps: [
      [100, 'look', 'ping'],
      [110, 'heard'],
      [110, 'answered'],
      [209, 'look', 'nothing'],
      [210, 'look', 'ping'],
    ],
  },
  {
    title: 'a peer that is heard is not pinged, and one that is heard instead of answering is not dead',
    steps: [
      [90, 'heard'],
      [189, 'look', 'nothing'],
      [190, 'look', 'ping'],
      [205, 'heard'],
      [211, 'look', 'nothing'],
      [225, 'look', 'dead'],
    ],
  },
  {
    title: 'a peer without streams is not pinged',
    steps: [
      [500, 'look', 'nothing', { streams: 0 }],
      [501, 'look', 'ping', { streams: 1 }],
    ],
  },
  {
    title: 'a peer without streams is pinged where that is wanted',
    options: { withoutStreams: true },
    steps: [[100, 'look', 'ping', { streams: 0 }]],
  },
  {
    title: 'only so many pings are sent while no data is',
    steps: [
      [100, 'look', 'ping'],
      [100, 'answered'],
      [200, 'look', 'ping'],
      [200, 'answered'],
      [900, 'look', 'nothing'],
      [901, 'look', 'ping', { sent: 1 }],
      [901, 'answered'],
      [902, 'look', 'ping', { sent: 1 }],
      [902, 'answered'],
      [903, 'look', 'nothing', { sent: 1 }],
    ],
  },
  {
    title: 'any number of pings is sent where the most is 0',
    options: { pingsWithoutDataMax: 0 },
    steps: Array.from({ length: 10 }, (_, n): Step[] => [
      [100 + n, 'look', 'ping'],
      [100 + n, 'answered'],
    ]).flat(),
  },
  {
    title: 'a peer may ping once in its interval; so many strikes are forgiven',
    steps: [
      [0, 'pinged', true],
      [50, 'pinged', true],
      [99, 'pinged', true],
      [148, 'pinged', true],
      [197, 'pinged', false],
    ],
  },
  {
    title: 'data that is sent forgives strikes',
    steps: [
      [0, 'pinged', true],
      [1, 'pinged', true],
      [2, 'pinged', true],
      [3, 'pinged', true, { sent: 1 }],
      [4, 'pinged', true, { sent: 1 }],
      [5, 'pinged', true, { sent: 1 }],
      [6, 'pinged', false, { sent: 1 }],
    ],
  },
  {
    title: 'a peer without streams may ping as often as TCP would',
    options: { strikesMax: 1 },
    steps: [
      [0, 'pinged', true, { streams: 0 }],
      [twoHoursMs, 'pinged', true, { streams: 0 }],
      [twoHoursMs + 60, 'pinged', true, { streams: 0 }],
      [twoHoursMs + 120, 'pinged', false, { streams: 0 }],
    ],
  },
  {
    title: 'a peer without streams may ping as others do where that is allowed',
    options: { strikesMax: 1, withoutStreams: true },
    steps: [0, 50, 100, 150, 200].map((atMs): Step => [atMs, 'pinged', true, { streams: 0 }]),
  },
  {
    title: 'any number of strikes is forgiven where the most is 0',
    options: { strikesMax: 0 },
    steps: Array.from({ length: 100 }, (): Step => [0, 'pinged', true]),
  },
];

describe('keepalive', () => {
  for (const { title, options: own, steps } of stories) {
    test(title, () => {
      const keepalive = new Keepalive({ ...options, ...own }, 0);
      for (const [index, [atMs, what, expected, seen = {}]] of steps.entries()) {
        const all = { streamCount: seen.streams ?? 1, sentFrameCount: seen.sent ?? 0 };
        if (what === 'heard') keepalive.heard(atMs);
        else if (what === 'answered') keepalive.answered();
        else if (what === 'look') assert.equal(keepalive.look(atMs, all), expected, `step ${index}`);
        else assert.equal(keepalive.allows(atMs, all), expected, `step ${index}`);
      }
    });
  }
});
