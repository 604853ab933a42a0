import { group, mostMs, threads, works, type Flag } from './flag.js';

/** Flags that only our own transport can honour; `also` is what the other one does anyway. */
const onHttp2: ReadonlyMap<string, { readonly also?: string }> = new Map([
  ['grpc-keepalive-permit-without-calls', { also: 'true' }],
  ['grpc-http2-max-pings-without-data', { also: '0' }],
  ['grpc-http2-min-recv-ping-interval-without-data', {}],
  ['grpc-http2-max-ping-strikes', { also: '0' }],
]);

const tritonFlags = group('gRPC', [
  [
    'grpc-transport',
    'text',
    'http2',
    { kind: 'works', choices: ['http2', 'grpc-js'] },
    'What carries gRPC (not a flag of Triton)',
  ],

  ['allow-grpc', 'boolean', 'true', works, 'Serve gRPC'],
  ['grpc-address', 'text', '0.0.0.0', works, 'Address to listen on'],
  [
    'grpc-port',
    'integer',
    '8001',
    { kind: 'works', least: 0, most: 65535 },
    'Port to listen on; 0 takes a free one',
  ],
  ['reuse-grpc-port', 'boolean', 'false', works, 'Share the port with other processes (Node 22.12 or later)'],
  [
    'grpc-infer-response-compression-level',
    'text',
    'none',
    { kind: 'works', choices: ['none', 'low', 'medium', 'high'] },
    'Compression of inference responses',
  ],
  ['grpc-use-ssl', 'boolean', 'false', works, 'Use TLS'],
  ['grpc-use-ssl-mutual', 'boolean', undefined, works, 'Use TLS; true: clients must show a certificate'],
  ['grpc-server-cert', 'text', undefined, works, 'PEM file of the server certificate'],
  ['grpc-server-key', 'text', undefined, works, 'PEM file of its key'],
  [
    'grpc-root-cert',
    'text',
    undefined,
    works,
    'PEM file of the authority that signed the client certificates',
  ],
  [
    'grpc-keepalive-time',
    'integer',
    '7200000',
    { kind: 'works', least: 1, most: mostMs },
    'Milliseconds between keepalive pings to a client',
  ],
  [
    'grpc-keepalive-timeout',
    'integer',
    '20000',
    { kind: 'works', least: 1, most: mostMs },
    'Milliseconds that a client has to answer one',
  ],
  [
    'grpc-keepalive-permit-without-calls',
    'boolean',
    'false',
    works,
    'Ping clients that have no call, and let them ping as often as others',
  ],
  [
    'grpc-max-connection-age',
    'integer',
    undefined,
    { kind: 'works', least: 1, most: mostMs },
    'Milliseconds after which a connection is asked to end',
  ],
  [
    'grpc-max-connection-age-grace',
    'integer',
    undefined,
    { kind: 'works', least: 1, most: mostMs },
    'Milliseconds that its calls then get',
  ],
  [
    'grpc-http2-max-pings-without-data',
    'integer',
    '2',
    { kind: 'works', least: 0, most: mostMs },
    'Keepalive pings while no data is sent; 0: any number',
  ],
  [
    'grpc-http2-min-recv-ping-interval-without-data',
    'integer',
    '300000',
    { kind: 'works', least: 0, most: mostMs },
    'Milliseconds that a client must leave between pings while it is sent no data',
  ],
  [
    'grpc-http2-max-ping-strikes',
    'integer',
    '2',
    { kind: 'works', least: 0, most: mostMs },
    'Pings too early that are forgiven before a connection is ended; 0: all',
  ],
  [
    'grpc-header-forward-pattern',
    'text',
    undefined,
    works,
    'RE2 expression: metadata whose key it matches somewhere, in any case, is handed to models as parameters',
  ],
  [
    'grpc-restricted-protocol',
    'list',
    undefined,
    works,
    'RPCs that need the metadata triton-grpc-protocol-<key>: <category>[,<category>...]:<key>=<value>; the categories ' +
      'are health, metadata, inference, shared-memory, model-config, model-repository, statistics, trace and ' +
      'logging; may be given several times',
  ],
  ['grpc-infer-thread-count', 'integer', '2', threads, 'Threads that handle inference calls'],
  ['grpc-infer-allocation-pool-size', 'integer', '8', threads, 'Request objects that are kept'],
  [
    'grpc-max-response-pool-size',
    'integer',
    '2147483647',
    threads,
    'Responses queued for each streaming request',
  ],
]);

const limitFlags = group('Limits of --grpc-transport=http2 (no flags of Triton)', [
  [
    'grpc-max-connections',
    'integer',
    '10000',
    { kind: 'works', least: 1, most: mostMs },
    'Connections at a time; more are closed as they come',
  ],
  [
    'grpc-max-streams-per-connection',
    'integer',
    '1024',
    { kind: 'works', least: 1, most: mostMs },
    'Calls at a time on a connection; more are refused and tried again by clients',
  ],
  [
    'grpc-max-resets-per-second',
    'integer',
    '2000',
    { kind: 'works', least: 1, most: mostMs },
    'Calls that a connection may cancel per second; a client that exceeds it is cut',
  ],
  [
    'grpc-max-idle-frames-per-second',
    'integer',
    '500',
    { kind: 'works', least: 1, most: mostMs },
    'Frames per second that bring nothing; a client that exceeds it is cut',
  ],
  [
    'grpc-max-metadata-bytes',
    'integer',
    '65536',
    { kind: 'works', least: 1024, most: mostMs },
    'Bytes of the metadata of a call',
  ],
  [
    'grpc-receive-timeout-ms',
    'integer',
    '30000',
    { kind: 'works', least: 1, most: mostMs },
    'How long headers or a message that have begun may stand still',
  ],
  [
    'grpc-send-timeout-ms',
    'integer',
    '300000',
    { kind: 'works', least: 1, most: mostMs },
    'How long a client may take nothing of what is sent to it',
  ],
  [
    'grpc-idle-timeout-ms',
    'integer',
    '0',
    { kind: 'works', least: 0, most: mostMs },
    'How long a connection may be without calls; 0: as long as it likes',
  ],
  [
    'grpc-max-pending-response-bytes',
    'integer',
    '67108864',
    { kind: 'works', least: 1, most: mostMs },
    'Bytes of answers that wait for one connection',
  ],
  [
    'grpc-max-total-pending-response-bytes',
    'integer',
    '536870912',
    { kind: 'works', least: 1, most: mostMs },
    'Bytes of answers that wait for all connections together',
  ],
  [
    'grpc-max-decompressed-bytes',
    'integer',
    '268435456',
    { kind: 'works', least: 1, most: mostMs },
    'Bytes that a compressed message may become',
  ],
  [
    'grpc-max-receiving-bytes',
    'integer',
    '1073741824',
    { kind: 'works', least: 1 },
    'Bytes that all messages may hold together that have not come wholly',
  ],
  [
    'grpc-max-idle-request-bytes',
    'integer',
    '134217728',
    { kind: 'works', least: 0 },
    'Memory of answered requests that is kept for the next ones; what is not used for some seconds is freed',
  ],
  [
    'grpc-exact-receive-bytes',
    'integer',
    '1048576',
    { kind: 'works', least: 0, most: mostMs },
    'Messages up to this get all their memory when they are announced',
  ],
  [
    'grpc-certificate-poll-secs',
    'integer',
    '10',
    { kind: 'works', least: 0, most: 86400 },
    'Seconds between looks for new files of TLS; 0: none',
  ],
  [
    'grpc-stream-window-bytes',
    'integer',
    '4194304',
    { kind: 'works', least: 65535, most: mostMs },
    'Bytes that a client may send ahead on a call',
  ],
  [
    'grpc-connection-window-bytes',
    'integer',
    '67108864',
    { kind: 'works', least: 65535, most: mostMs },
    'Bytes that a client may send ahead on all calls of a connection',
  ],
]);

export const grpc: readonly Flag[] = [
  ...tritonFlags.map((flag) => {
    const http2Only = onHttp2.get(flag.name);
    return http2Only === undefined ? flag : { ...flag, http2Only };
  }),
  ...limitFlags.map((flag) => ({ ...flag, http2Only: {} })),
];
