import { afterEach, describe } from 'node:test';
import { backPressureTests } from './back-pressure-tests.js';
import { cancellationTests } from './cancellation-tests.js';
import { compressionTests } from './compression-tests.js';
import { connectionTests } from './connection-tests.js';
import { drainTests } from './drain-tests.js';
import { metadataTests } from './metadata-tests.js';
import { Rig, type CreateTransport, type Start } from './rig.js';
import { sizeTests } from './size-tests.js';
import { statusTests } from './status-tests.js';
import { streamTests } from './stream-tests.js';
import { tlsTests } from './tls-tests.js';
import { unaryTests } from './unary-tests.js';

/** What every transport must do, over real connections with real clients. */
export function transportSuite(name: string, createTransport: CreateTransport): void {
  const sections: Record<string, (start: Start) => void> = {
    'unary calls': unaryTests,
    metadata: metadataTests,
    'statuses and unreadable requests': statusTests,
    'the end of a call before its answer': cancellationTests,
    streams: streamTests,
    'back-pressure': backPressureTests,
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
