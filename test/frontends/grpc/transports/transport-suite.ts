import { afterEach, describe } from 'node:test';
import { compressionTests } from './compression-tests.js';
import { connectionTests } from './connection-tests.js';
import { drainTests } from './drain-tests.js';
import { Rig, type CreateTransport, type Start } from './rig.js';
import { sizeTests } from './size-tests.js';
import { tlsTests } from './tls-tests.js';

/** What every transport must do, over real connections with real clients. */
export function transportSuite(name: string, createTransport: CreateTransport): void {
  const sections: Record<string, (start: Start) => void> = {
    compression: compressionTests,
    sizes: sizeTests,
    connections: connectionTests,
    'drain and close': drainTests,
    TLS: tlsTests,
  };
  describe(`transport ${name}`, () => {
    for (const [title, section] of Object.entries(sections)) {
      describe(title, () => {
        const rigs: Rig[] = [];
        afterEach(async () => {
          const closed = await Promise.allSettled(rigs.splice(0).map((rig) => rig.close()));
          for (const outcome of closed) if (outcome.status === 'rejected') throw outcome.reason;
        });
        section(async (options) => {
          const rig = new Rig(createTransport, options);
          rigs.push(rig);
          await rig.listen();
          return rig;
        });
      });
    }
  });
}
