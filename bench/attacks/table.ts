import type { Attack } from './attack.js';
import { gzipBomb, metadata } from './bodies.js';
import { deadlineStorm, idle, manyCallers } from './crowds.js';
import * as floods from './floods.js';
import { announced, halfOpen, unreadAnswers, unreadAnswersOf20 } from './slow.js';

/** What an attack may lead to, where a bound was promised. */
export interface Bounds {
  /** Growth of the server's memory at its peak. */
  readonly growthMiB?: number;
  /** The offender must be cut, or all that it left half-done be ended. */
  readonly cut?: boolean;
  /** Calls of the attack's own that may fail. */
  readonly failed?: number;
}

export interface AttackEntry {
  readonly name: string;
  readonly run: Attack;
  readonly bounds: Bounds;
}

export const attacks: readonly AttackEntry[] = [
  { name: 'rapid-reset', run: floods.rapidReset, bounds: { cut: true } },
  { name: 'continuation', run: floods.continuation, bounds: { cut: true } },
  { name: 'empty-continuation', run: floods.emptyContinuation, bounds: { cut: true } },
  { name: 'ping', run: floods.pings, bounds: { cut: true } },
  { name: 'settings', run: floods.settings, bounds: { cut: true } },
  { name: 'empty-data', run: floods.emptyData, bounds: { cut: true } },
  { name: 'window-update', run: floods.windowUpdates, bounds: { cut: true } },
  { name: 'half-open', run: halfOpen, bounds: { cut: true } },
  { name: 'unread', run: unreadAnswers, bounds: { growthMiB: 64 } },
  { name: 'unread-20', run: unreadAnswersOf20, bounds: {} },
  { name: 'announced', run: announced, bounds: { growthMiB: 20 } },
  { name: 'gzip-bomb', run: gzipBomb, bounds: { cut: true } },
  { name: 'metadata', run: metadata, bounds: { cut: true } },
  { name: 'idle', run: idle, bounds: { growthMiB: 45, failed: 0 } },
  { name: 'many-callers', run: manyCallers, bounds: { failed: 0 } },
  { name: 'deadline-storm', run: deadlineStorm, bounds: { failed: 0 } },
];
