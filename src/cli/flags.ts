import { group, meaningless, mostMs, notYet, onlyOff, threads, works, type Flag } from './flag.js';
import { grpc } from './grpc-flags.js';
import { http } from './http-flags.js';
import { sharedMemory } from './shared-memory-flags.js';
import { traces } from './trace-flags.js';
import { metrics } from './metrics-flags.js';

/**
 * Triton's command line, flag by flag. What a flag is to this server decides how it is treated: it
 * works; it is accepted with one log line because it has no meaning here; or it is refused by name.
 */

const gpuMemory = meaningless('ONNX Runtime manages its memory itself');
const folders = meaningless('backends, repository agents and caches are part of this server');

const general = group('Server', [
  ['id', 'text', 'triton', works, 'Name of the server in its metadata'],
  [
    'exit-timeout-secs',
    'integer',
    '30',
    { kind: 'works', least: 0, most: mostMs },
    'Seconds that requests in flight get when the server is told to stop, or a model is unloaded',
  ],
  ['exit-on-error', 'boolean', 'true', works, 'Exit when a model fails to load at start'],
  ['strict-readiness', 'boolean', 'true', works, 'Be ready only when every model is'],
  [
    'max-pending-request-bytes',
    'integer',
    '2147483648',
    { kind: 'works', least: 1 },
    'Bytes of requests that the server holds at most, over all models (not a flag of Triton)',
  ],
  [
    'max-idle-slot-bytes',
    'integer',
    '268435456',
    { kind: 'works', least: 0 },
    'Memory of finished batches that is kept for the next ones; what is not used for some seconds is freed (not a flag of Triton)',
  ],
]);

const repository = group('Model repository', [
  [
    'model-repository',
    'list',
    undefined,
    works,
    'Folder that holds one folder for each model; may be given several times (required)',
  ],
  ['model-store', 'list', undefined, works, 'Older name of --model-repository'],
  [
    'model-load-thread-count',
    'integer',
    '4',
    { kind: 'works', least: 1 },
    'Model versions that are loaded at once',
  ],
  [
    'disable-auto-complete-config',
    'switch',
    undefined,
    works,
    'Use config files as they are: nothing that they leave out is read from the model',
  ],
  ['strict-model-config', 'boolean', undefined, works, 'Deprecated: true is --disable-auto-complete-config'],
  [
    'model-control-mode',
    'text',
    'none',
    { kind: 'works', choices: ['none', 'poll', 'explicit'] },
    'none: load everything at start; poll: and follow what changes in the folders; explicit: load what calls and --load-model name',
  ],
  [
    'repository-poll-secs',
    'integer',
    '15',
    { kind: 'works', least: 0, most: 86_400 },
    'Seconds between looks at the repository in poll mode, beside those that a change of a file sets off; 0: only those',
  ],
  [
    'repository-settle-millis',
    'integer',
    '400',
    { kind: 'works', least: 0, most: mostMs },
    'How long a changed model must have kept still before it is loaded in poll mode (not a flag of Triton)',
  ],
  [
    'load-model',
    'list',
    undefined,
    works,
    'Model to load at start in explicit mode; may be given several times, or once as * for all',
  ],
  [
    'model-config-name',
    'text',
    undefined,
    works,
    'Use configs/<name>.pbtxt of a model where it is there, else its config.pbtxt',
  ],
  [
    'model-load-retry-count',
    'integer',
    '0',
    { kind: 'works', least: 0, most: 1000 },
    'Further attempts when a version fails to load',
  ],
  ['model-namespacing', 'boolean', 'false', works, 'Same model names in several repositories'],
  ['model-load-gpu-limit', 'list', undefined, notYet, 'Share of a GPU that models may fill'],
  ['enable-peer-access', 'boolean', 'true', gpuMemory, 'CUDA peer access'],
]);

const logging = group('Logging', [
  ['log-verbose', 'text', '0', works, 'Verbosity; 0 is none, true is 1'],
  ['log-info', 'boolean', 'true', works, 'Write info lines'],
  ['log-warning', 'boolean', 'true', works, 'Write warning lines'],
  ['log-error', 'boolean', 'true', works, 'Write error lines'],
  [
    'log-format',
    'text',
    'default',
    { kind: 'works', choices: ['default', 'ISO8601', 'json'] },
    'Form of a line; json is not a form of Triton',
  ],
  ['log-file', 'text', undefined, works, 'Append all lines to this file'],
  [
    'log-failed-requests',
    'boolean',
    'true',
    works,
    'One line for each request that fails, ten in ten seconds at most (not a flag of Triton)',
  ],
]);

const others = [
  ...group('Cache, scheduling, memory, devices', [
    ['cache-config', 'list', undefined, notYet, 'The response cache'],
    [
      'response-cache-byte-size',
      'integer',
      undefined,
      { kind: 'not-yet', accepted: ['0'] },
      'Older form of --cache-config',
    ],
    ['cache-directory', 'text', undefined, folders, 'Folder of cache libraries'],
    [
      'batch-delay',
      'text',
      undefined,
      { kind: 'works', choices: ['adaptive', 'exact'] },
      'How dynamic batching waits: adaptive learns how much of max_queue_delay pays, exact waits as Triton does; a model may say it itself (not a flag of Triton)',
    ],
    [
      'max-large-batch-bytes',
      'integer',
      '16777216',
      { kind: 'works', least: 1 },
      'Bytes that samples of 4 MiB and more may have together in a batch (not a flag of Triton)',
    ],
    ['rate-limit', 'text', 'off', { kind: 'not-yet', accepted: ['off'] }, 'Rate limiter'],
    ['rate-limit-resource', 'list', undefined, notYet, 'Resources of the rate limiter'],
    ['pinned-memory-pool-byte-size', 'integer', '268435456', gpuMemory, 'Pinned memory'],
    ['cuda-memory-pool-byte-size', 'list', undefined, gpuMemory, 'CUDA memory'],
    ['cuda-virtual-address-size', 'list', undefined, gpuMemory, 'CUDA address space'],
    ['min-supported-compute-capability', 'text', undefined, gpuMemory, 'Oldest GPU that is used'],
    ['buffer-manager-thread-count', 'integer', '0', threads, 'Threads that copy'],
    ['host-policy', 'list', undefined, notYet, 'NUMA nodes and cores of instances'],
  ]),
  ...group('Backends and clouds', [
    ['backend-directory', 'text', undefined, folders, 'Folder of backend libraries'],
    [
      'backend-config',
      'list',
      undefined,
      works,
      'Thread counts for sessions whose config names none: onnxruntime,intra_op_thread_count=<n>, ' +
        'onnxruntime,inter_op_thread_count=<n>; batch size of models that can be batched and whose config names none: ' +
        'default-max-batch-size=<n> (4); may be given several times',
    ],
    ['repoagent-directory', 'text', undefined, folders, 'Folder of repository agents'],
    ['allow-sagemaker', 'boolean', 'false', onlyOff, 'Serve SageMaker'],
    ['sagemaker-port', 'integer', undefined, notYet, 'Port of SageMaker'],
    ['sagemaker-safe-port-range', 'text', undefined, notYet, 'Ports of SageMaker'],
    ['sagemaker-thread-count', 'integer', undefined, threads, 'Threads of SageMaker'],
    ['allow-vertex-ai', 'boolean', 'false', onlyOff, 'Serve Vertex AI'],
    ['vertex-ai-port', 'integer', undefined, notYet, 'Port of Vertex AI'],
    ['vertex-ai-thread-count', 'integer', undefined, threads, 'Threads of Vertex AI'],
    ['vertex-ai-default-model', 'text', undefined, notYet, 'Model of Vertex AI'],
  ]),
];

export const flags: readonly Flag[] = [
  ...repository,
  ...grpc,
  ...http,
  ...metrics,
  ...sharedMemory,
  ...general,
  ...logging,
  ...traces,
  ...others,
];
