import type { Server } from '../../server/server.js';
import { healthService, type Definitions } from './definitions.js';
import type { HealthCheckRequest, HealthCheckResponse } from './messages.js';
import type { Method, StreamCall, StreamHandler } from './transport.js';

/** grpc.health.v1: Check as Triton answers it (the service's name is ignored), and Watch and List, which Triton lacks. */
export function healthMethods(server: Server, definitions: Definitions): Method[] {
  const check = definitions.method(healthService, 'Check');
  const watch = definitions.method(healthService, 'Watch');
  const list = definitions.method(healthService, 'List');
  return [
    { kind: 'unary', path: check.path, codec: check.codec, handle: async () => status(server.ready()) },
    {
      kind: 'unary',
      path: list.path,
      codec: list.codec,
      handle: async () => ({ statuses: { '': status(server.ready()) } }),
    },
    {
      kind: 'stream',
      path: watch.path,
      codec: watch.codec,
      clientStreams: false,
      open: (call: StreamCall<HealthCheckResponse>) => watchHealth(server, call),
    },
  ];
}

function status(ready: boolean): HealthCheckResponse {
  return { status: ready ? 'SERVING' : 'NOT_SERVING' };
}

/** Tells the status at once and whenever it changes, until the client goes. */
function watchHealth(
  server: Server,
  call: StreamCall<HealthCheckResponse>,
): StreamHandler<HealthCheckRequest> {
  let told: string | undefined;
  const tell = (): void => {
    let now: HealthCheckResponse;
    try {
      now = status(server.ready());
    } catch {
      // The server is leaving.
      now = status(false);
    }
    if (now.status === told) return;
    told = now.status;
    call.write(now);
  };
  return {
    onMessage() {
      tell();
      call.onCancel = server.watch(tell);
    },
    onEnd() {},
  };
}
