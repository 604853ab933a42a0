import { group, works, type Flag } from './flag.js';

export const sharedMemory: readonly Flag[] = group('Shared memory', [
  [
    'allow-client-shm',
    'boolean',
    'false',
    works,
    'Let clients on this machine pass tensors in shared memory: they may name any object that this process may open',
  ],
  [
    'max-client-shm-regions',
    'integer',
    '1024',
    { kind: 'works', least: 1, most: 1_000_000 },
    'Regions of shared memory that may be registered at a time, each an open file (not a flag of Triton)',
  ],
]);
