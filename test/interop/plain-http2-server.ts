import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';

/**
 * An HTTP/2 server that knows no gRPC, for h2spec: it answers 1 KiB to any request, enough of a body for the
 * cases of flow control. It says on which port, and ends with its standard input.
 */
const body = Buffer.alloc(1024, 'a');

// node:http2 stands here until src/http2 is there: then its server answers `body` to any request instead.
function serve(): Http2Server {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.resume().on('end', () => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      stream.end(body);
    });
  });
  server.on('sessionError', () => {});
  return server;
}

const server = serve();
server.listen(0, '127.0.0.1', () => {
  console.log(`Started HTTP/2 at 127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.stdin.on('end', () => process.exit()).resume();
