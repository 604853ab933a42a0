import { Field } from '../../src/http2/hpack/field.js';
import { Http2Server } from '../../src/http2/server.js';

/**
 * src/http2 by itself, for h2spec: it answers 1 KiB to any request, enough of a body for the cases of flow
 * control. It says on which port it listens, and ends with its standard input.
 */
const body = Buffer.alloc(1024, 'a');
const head = [new Field(':status', '200')];

const server = new Http2Server({ host: '127.0.0.1', port: 0 }, () => ({
  onRequest(stream) {
    stream.listen({
      onData() {},
      onEnd() {
        stream.sendHeaders(head);
        stream.send(body);
        stream.end();
      },
      onStandstill: () => stream.reset(8),
      onDrain() {},
      onClose() {},
    });
  },
  onTooLarge: (stream) => stream.end([new Field(':status', '431')]),
}));
console.log(`Started HTTP/2 at 127.0.0.1:${await server.listen()}`);
process.stdin.on('end', () => process.exit()).resume();
