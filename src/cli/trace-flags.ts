import { group, mostMs, works } from './flag.js';

/** The flags of traces; what they mean is read in trace-options.ts. */
export const traces = group('Traces', [
  [
    'trace-config',
    'list',
    undefined,
    works,
    'A setting of traces, as <setting>=<value> (mode, rate, level, count) or <mode>,<setting>=<value>: ' +
      'triton,file= or log-frequency=; opentelemetry,url= or resource=<key>=<value> or bsp_max_queue_size=, ' +
      'bsp_schedule_delay=, bsp_max_export_batch_size=; may be given several times',
  ],
  ['trace-file', 'text', undefined, works, 'Older form of --trace-config=triton,file='],
  ['trace-level', 'list', undefined, works, 'Older form of --trace-config=level='],
  [
    'trace-rate',
    'integer',
    undefined,
    { kind: 'works', least: 0, most: mostMs },
    'Older form of --trace-config=rate=',
  ],
  [
    'trace-count',
    'integer',
    undefined,
    { kind: 'works', least: -1, most: mostMs },
    'Older form of --trace-config=count=',
  ],
  [
    'trace-log-frequency',
    'integer',
    undefined,
    { kind: 'works', least: 0, most: mostMs },
    'Older form of --trace-config=triton,log-frequency=',
  ],
]);
