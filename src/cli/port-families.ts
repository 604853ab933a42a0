import type { PortActivity } from '../frontends/grpc/front-end.js';
import type { Family } from '../telemetry/metrics.js';

/** A protocol's port, and what goes on there. */
export interface Port extends PortActivity {
  readonly protocol: 'grpc' | 'http';
}

/** Our own families of the ports. */
export function portFamilies(ports: readonly Port[]): Family[] {
  const family = (
    [name, help]: readonly [string, string],
    type: Family['type'],
    read: (port: Port) => number | undefined,
  ): Family => ({
    name,
    help,
    type,
    samples: ports.flatMap((port) => {
      const value = read(port);
      return value === undefined ? [] : [{ labels: { protocol: port.protocol }, value }];
    }),
  });
  return [
    family(
      ['nereid_received_bytes_total', 'Bytes that came over all connections, TLS and framing included'],
      'counter',
      ({ traffic }) => traffic.receivedBytes,
    ),
    family(
      ['nereid_sent_bytes_total', 'Bytes that went over all connections, TLS and framing included'],
      'counter',
      ({ traffic }) => traffic.sentBytes,
    ),
    family(['nereid_connections', 'Connections that are open'], 'gauge', ({ traffic }) => traffic.openCount),
    family(
      ['nereid_connections_opened_total', 'Connections that were opened'],
      'counter',
      ({ traffic }) => traffic.openedCount,
    ),
    family(['nereid_open_calls', 'Calls that were not answered yet'], 'gauge', ({ openCalls }) => openCalls),
    family(
      ['nereid_pending_response_bytes', 'Bytes of answers that wait for clients that read slowly'],
      'gauge',
      ({ pendingBytes }) => pendingBytes,
    ),
    {
      name: 'nereid_limits_met_total',
      help: 'How often clients met a limit and were cut or refused, by its name',
      type: 'counter',
      samples: ports.flatMap(({ protocol, limitCounts }) =>
        Object.entries(limitCounts).map(([limit, value]) => ({
          labels: { protocol, limit: limit.replaceAll('-', '_') },
          value,
        })),
      ),
    },
  ];
}
