import type { Server } from '../../server/server.js';
import { healthService, type Definitions } from './definitions.js';
import type { Intake } from './intake.js';
import type { HealthCheckRequest, HealthCheckResponse } from './messages.js';
import type { Method, StreamCall, StreamHandler } from './transport.js';

/** grpc.health.v1: Check as Triton answers it (the service's name is ignored), and Watch and List, which Triton lacks. */
export function healthMethods(server: Server, definitions: Definitions, intake: Intake): Method[] {
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
      open: (call: StreamCall<HealthCheckResponse>) => watchHealth(server, intake, call),
    },
  ];
}

function status(ready: boolean): HealthCheckResponse {
  return { status: ready ? 'SERVING' : 'NOT_SERVING' };
}

/**
 * Tells the status at once and whenever it changes, until the client goes or the server begins to leave:
 * the drain waits for calls, and this one would never end by itself.
 */
function watchHealth(
  server: Server,
  intake: Intake,
  call: StreamCall<HealthCheckResponse>,
): StreamHandler<HealthCheckRequest> {
  let told: string | undefined;
  const tell = (): void => {
    const now = intake.stopped ? status(false) : currentStatus(server);
    if (now.status === told) return;
    told = now.status;
    call.write(now);
  };
  let forgets: readonly (() => void)[] = [];
  const forget = (): void => {
    for (const one of forgets) one();
  };
  const leave = (): void => {
    tell();
    forget();
    call.end();
  };
  return {
    onMessage() {
      if (intake.stopped) {
        leave();
        return;
      }
      tell();
      forgets = [server.watch(tell), intake.onStop(leave)];
      call.onCancel = forget;
    },
    onEnd() {},
  };
}

function currentStatus(server: Server): HealthCheckResponse {
  try {
    return status(server.ready());
  } catch {
    // The server is leaving.
    return status(false);
  }
}
