import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  defaultTransportLimits,
  type TransportLimits,
  type TransportOptions,
} from '../../../../../src/frontends/grpc/transport.js';
import { Http2Transport } from '../../../../../src/frontends/grpc/transports/http2.js';
import type { LimitName } from '../../../../../src/http2/limits.js';
import { RawConnection, type RawSetup } from '../../../../support/raw-connection.js';
import { eventually, paths, Rig, turns } from '../rig.js';
import type { RawClient } from '../raw-client.js';

export const mib = 1024 * 1024;

/** What a test changes of a plain transport. */
export interface AttackedOptions extends Partial<Omit<TransportOptions, 'limits'>> {
  readonly limits?: Partial<TransportLimits>;
}

/** A transport that is attacked, with attackers and good callers. */
export class Attacked {
  readonly rig: Rig;
  readonly transport: Http2Transport;
  readonly #attackers: RawConnection[] = [];

  constructor(options: AttackedOptions) {
    let transport: Http2Transport | undefined;
    this.rig = new Rig((methods, all) => (transport = new Http2Transport(methods, all)), {
      ...options,
      limits: { ...defaultTransportLimits, ...options.limits },
    });
    this.transport = transport!;
  }

  attacker(setup?: RawSetup): RawConnection {
    const attacker = new RawConnection(this.rig.port, setup);
    this.#attackers.push(attacker);
    return attacker;
  }

  /** How often a limit was met. */
  met(name: LimitName): number {
    return this.transport.limitCounts[name];
  }

  async close(): Promise<void> {
    for (const attacker of this.#attackers) attacker.close();
    await this.rig.close();
  }
}

/** Two good callers on connections of their own call all the while; each of their calls must succeed. */
export function attackTest(
  name: string,
  options: AttackedOptions,
  attack: (attacked: Attacked) => Promise<void>,
): void {
  test(name, async () => {
    const attacked = new Attacked(options);
    await attacked.rig.listen();
    const callers = [0, 1].map(() => new GoodCaller(attacked.rig.raw()));
    try {
      await eventually(() => callers.every(({ served }) => served > 0), 'good callers are served');
      await attack(attacked);
      for (const caller of callers) await caller.stop();
    } finally {
      for (const caller of callers) caller.calling = false;
      await attacked.close();
    }
    assert.equal(attacked.transport.pendingBytes, 0, 'nothing is pending when all is over');
  });
}

/** Calls again and again on a connection, a few turns of the loop between two calls. */
export class GoodCaller {
  served = 0;
  calling = true;
  readonly #failures: string[] = [];
  readonly #over: Promise<void>;

  constructor(client: RawClient) {
    this.#over = this.#call(client).catch((error: unknown) => void this.#failures.push(String(error)));
  }

  /** Ends it behind one more call; throws when any of its calls has failed. */
  async stop(): Promise<void> {
    const before = this.served;
    await eventually(() => this.served > before || this.#failures.length > 0, 'a good caller is served');
    this.calling = false;
    await this.#over;
    assert.deepEqual(this.#failures, [], 'failures of a good caller');
  }

  async #call(client: RawClient): Promise<void> {
    const request = Buffer.from('good');
    while (this.calling) {
      const call = await client.unary(paths.plain, request);
      const fine = call.status === 0 && call.messages[0]?.bytes.equals(request) === true;
      if (fine) this.served++;
      else this.#failures.push(`status ${call.status} ${call.details}, reset ${call.stream.rstCode}`);
      if (!fine) return;
      await turns(20);
    }
  }
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of this process outside of the kernel that are in use, garbage collected. */
export async function usedBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect();
    await turns(3);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The most bytes of buffers, within 8 MiB, that were in use at a time while something went on, above those before. */
export async function peakOfBuffers(during: () => Promise<void>): Promise<number> {
  collect();
  const before = process.memoryUsage().arrayBuffers;
  let most = before;
  const look = (): void => {
    // What is garbage does not count; to collect it all the time would take too long.
    if (process.memoryUsage().arrayBuffers < most + 8 * mib) return;
    collect();
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  };
  const sample = setInterval(look, 5);
  try {
    await during();
  } finally {
    clearInterval(sample);
  }
  look();
  return most - before;
}
