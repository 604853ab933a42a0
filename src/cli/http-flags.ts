import { group, mostMs, threads, works, type Flag } from './flag.js';

const tritonFlags = group('HTTP', [
  [
    'http-transport',
    'text',
    'own',
    { kind: 'works', choices: ['own', 'node'] },
    "What carries HTTP/REST: our own HTTP/1.1, or Node's (not a flag of Triton)",
  ],
  ['allow-http', 'boolean', 'true', works, 'Serve HTTP/REST'],
  ['http-address', 'text', '0.0.0.0', works, 'Address to listen on'],
  [
    'http-port',
    'integer',
    '8000',
    { kind: 'works', least: 0, most: 65535 },
    'Port to listen on; 0 takes a free one',
  ],
  ['reuse-http-port', 'boolean', 'false', works, 'Share the port with other processes (Node 22.12 or later)'],
  ['http-thread-count', 'integer', '8', threads, 'Threads that handle HTTP'],
  [
    'http-max-input-size',
    'integer',
    '67108864',
    { kind: 'works', least: 1 },
    'Bytes of JSON, of a raw input and of a decompressed body at most',
  ],
  [
    'http-header-forward-pattern',
    'text',
    undefined,
    works,
    'RE2 expression: headers whose name it matches somewhere, in any case, are handed to models as parameters',
  ],
  [
    'http-restricted-api',
    'list',
    undefined,
    works,
    'Endpoints that need the header <key>: <category>[,<category>...]:<key>=<value>, with the categories of ' +
      '--grpc-restricted-protocol; may be given several times',
  ],
]);

const limitFlags = group('Limits of HTTP (no flags of Triton)', [
  [
    'http-max-connections',
    'integer',
    '10000',
    { kind: 'works', least: 1, most: mostMs },
    'Connections at a time; more are closed as they come',
  ],
  [
    'http-max-header-bytes',
    'integer',
    '65536',
    { kind: 'works', least: 1024, most: mostMs },
    'Bytes of the headers of a request',
  ],
  [
    'http-receive-timeout-ms',
    'integer',
    '30000',
    { kind: 'works', least: 1, most: mostMs },
    'How long a request that has begun may stand still',
  ],
  [
    'http-max-receiving-bytes',
    'integer',
    '1073741824',
    { kind: 'works', least: 1 },
    'Bytes that all bodies may hold together that have not come wholly or were not read yet',
  ],
  [
    'http-json-threads',
    'integer',
    '2',
    { kind: 'works', least: 1, most: 256 },
    'Threads that read and write large JSON at most; none is there without work for it',
  ],
  [
    'http-idle-timeout-ms',
    'integer',
    '0',
    { kind: 'works', least: 0, most: mostMs },
    'How long a connection may be without requests; 0: as long as it likes',
  ],
  [
    'http-max-idle-request-bytes',
    'integer',
    '134217728',
    { kind: 'works', least: 0 },
    'Memory of answered binary requests that is kept for the next ones; what is not used for some seconds is freed',
  ],
]);

export const http: readonly Flag[] = [...tritonFlags, ...limitFlags];
