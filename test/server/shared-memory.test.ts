import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CudaRegions } from '../../src/server/cuda-memory.js';
import { Regions } from '../../src/server/shared-memory.js';
import { sharedMemoryFolder, type RegionPart } from '../../src/server/shared-object.js';
import { SharedObject, withObjects } from '../support/shared-object.js';

const on = (countMax = 1024): Regions => new Regions({ enabled: true, countMax });

function part(object: SharedObject, changes: Partial<RegionPart> = {}): RegionPart {
  return { name: 'r', key: object.key, offset: 0n, byteSize: 64n, ...changes };
}

const span = { region: 'r', offset: 0n, byteSize: 8n };

const open = (key: string): string => `Unable to open shared memory region: '${key}'`;
const invalidArgs = "failed to register shared memory region 'r': invalid args";
const reserved = (key: string): string =>
  `cannot register shared memory region 'r' with key '${key}' as the key contains the reserved prefix 'triton_python_backend_shm_region_'`;

const refused: readonly (readonly [
  what: string,
  changes: Partial<RegionPart>,
  code: string,
  text: string,
])[] = [
  [
    'without a name',
    { name: '' },
    'invalid-argument',
    "'region name' is necessary to register system shared memory region",
  ],
  [
    'with a name that is too long',
    { name: 'n'.repeat(1025) },
    'invalid-argument',
    'the name of a shared memory region has at most 1024 characters',
  ],
  [
    'with an empty key',
    { key: '' },
    'invalid-argument',
    "cannot register shared memory region 'r' - invalid shm key ''",
  ],
  [
    'with a key of slashes',
    { key: '//' },
    'invalid-argument',
    "cannot register shared memory region 'r' - invalid shm key '//'",
  ],
  ...[
    'triton_python_backend_shm_region_',
    '/triton_python_backend_shm_region_1',
    '///triton_python_backend_shm_region_1',
  ].map((key) => [`with the reserved key ${key}`, { key }, 'invalid-argument', reserved(key)] as const),
  ...[
    'nobody',
    '/nobody',
    '.',
    '..',
    '/..',
    '../etc/passwd',
    '/../../etc/passwd',
    'a/b',
    './nobody',
    'no\0body',
    'x'.repeat(300),
  ].map(
    (key) => [`with the key ${JSON.stringify(key).slice(0, 30)}`, { key }, 'internal', open(key)] as const,
  ),
  ['that ends behind its object', { byteSize: 4097n }, 'invalid-argument', invalidArgs],
  ['that begins behind its object', { offset: 4097n, byteSize: 1n }, 'invalid-argument', invalidArgs],
  ['whose end overlaps', { offset: 4095n, byteSize: 2n }, 'invalid-argument', invalidArgs],
  ['whose end wraps around', { offset: 1n, byteSize: 2n ** 64n - 1n }, 'invalid-argument', invalidArgs],
  ['whose offset wraps around', { offset: 2n ** 64n - 1n, byteSize: 2n }, 'invalid-argument', invalidArgs],
  [
    'without bytes',
    { byteSize: 0n },
    'invalid-argument',
    "failed to register shared memory region 'r': unable to process address space: byte_size is 0",
  ],
];

for (const [what, changes, code, message] of refused) {
  test(`a region ${what} is refused, and nothing stays open`, () =>
    withObjects([4096], (object) => {
      const regions = on();
      assert.throws(() => regions.register(part(object, changes)), { code, message });
      assert.equal(object.openCount, 0);
      assert.deepEqual(regions.status(''), []);
    }));
}

test('a region must end where its places are exact numbers', () =>
  withObjects([64], async (object) => {
    const regions = on();
    // Node itself makes no file of that size.
    execFileSync('truncate', ['--size', String(2n ** 53n + 4096n), object.file]);
    const outside = part(object, { offset: 2n ** 53n, byteSize: 1n });
    assert.throws(() => regions.register(outside), { message: invalidArgs });
    regions.register(part(object, { offset: 2n ** 53n - 2n, byteSize: 1n }));
    assert.equal(regions.use().input({ ...span, byteSize: 1n }).place.position, 2 ** 53 - 2);
    await regions.close();
  }));

test('a name that is in use is refused before its object is looked at', () =>
  withObjects([4096], async (object) => {
    const regions = on();
    regions.register(part(object));
    assert.throws(() => regions.register(part(object, { key: 'nobody' })), {
      code: 'already-exists',
      message: "shared memory region 'r' already in manager",
    });
    await regions.close();
  }));

test('a link is not followed out of the folder, and what is no file is no region', () => {
  const name = `nereid-test-link-${process.pid}`;
  const link = path.join(sharedMemoryFolder, name);
  symlinkSync('/etc/passwd', link);
  try {
    assert.throws(() => on().register({ name: 'r', key: name, offset: 0n, byteSize: 1n }), {
      message: open(name),
    });
  } finally {
    rmSync(link);
  }
  execFileSync('mkfifo', [link]);
  try {
    assert.throws(() => on().register({ name: 'r', key: name, offset: 0n, byteSize: 1n }), {
      code: 'internal',
      message: `Invalid shared memory region: '${name}'`,
    });
  } finally {
    rmSync(link);
  }
});

test('more regions than the bound are refused until one has gone', () =>
  withObjects([64], async (object) => {
    const regions = on(2);
    regions.register(part(object, { name: 'a' }));
    regions.register(part(object, { name: 'b', key: object.key.slice(1) }));
    assert.throws(() => regions.register(part(object, { name: 'c' })), {
      code: 'unavailable',
      message:
        "cannot register shared memory region 'c': there are 2, which is what --max-client-shm-regions allows",
    });
    regions.unregister('a');
    regions.register(part(object, { name: 'c' }));
    assert.deepEqual(
      regions.status('').map(({ name }) => name),
      ['b', 'c'],
    );
    await regions.close();
    assert.equal(object.openCount, 0);
  }));

test('a region of an offset that is no multiple of a page is taken', () =>
  withObjects([Uint8Array.from({ length: 64 }, (_, index) => index)], async (object) => {
    const regions = on();
    regions.register(part(object, { offset: 3n, byteSize: 61n }));
    assert.equal(regions.use().input({ ...span, offset: 2n }).place.position, 5);
    assert.throws(() => regions.use().input({ ...span, offset: 54n }), /Invalid offset \+ byte size/);
    assert.throws(() => regions.use().input({ ...span, offset: 61n, byteSize: 0n }), /Invalid offset for/);
  }));

test('the status names one region or all; another name is not found', () =>
  withObjects([64], async (object) => {
    const regions = on();
    regions.register(part(object, { offset: 8n, byteSize: 16n }));
    const [status] = regions.status('r');
    assert.deepEqual(
      { key: status?.key, offset: status?.offset, byteSize: status?.byteSize },
      { key: object.key, offset: 8n, byteSize: 16n },
    );
    assert.throws(() => regions.status('nobody'), {
      code: 'not-found',
      message: "Unable to find system shared memory region: 'nobody'",
    });
    regions.unregister('nobody');
    regions.unregister('');
    assert.deepEqual(regions.status(''), []);
    await regions.close();
  }));

test('a region in use stays, known and usable, until the last of its users has gone', () =>
  withObjects([64], async (object) => {
    const regions = on();
    regions.register(part(object));
    const [first, second] = [regions.use(), regions.use()];
    first.input(span);
    first.output('OUT', span);
    regions.unregister('r');
    assert.equal(regions.status('r').length, 1);
    assert.throws(() => regions.register(part(object)), /already in manager/);
    second.input(span);
    first.release();
    first.release();
    assert.equal(regions.status('r').length, 1);
    assert.equal(object.openCount, 1);
    second.release();
    assert.deepEqual(regions.status(''), []);
    assert.throws(() => regions.use().input(span), {
      code: 'not-found',
      message: "Unable to find shared memory region: 'r'",
    });
    regions.register(part(object));
    await regions.close();
    assert.equal(object.openCount, 0);
  }));

test('one server does not know the regions of another one in the same process', () =>
  withObjects([64], async (object) => {
    const [one, other] = [on(), on()];
    one.register(part(object));
    assert.throws(() => other.use().input(span), /Unable to find/);
    other.register(part(object));
    await one.close();
    assert.equal(other.status('r').length, 1);
    assert.equal(object.openCount, 1);
    await other.close();
    assert.equal(object.openCount, 0);
  }));

test('while it is off nothing is registered or known', () =>
  withObjects([64], async (object) => {
    const regions = new Regions({ enabled: false, countMax: 1 });
    const off = {
      code: 'unsupported',
      message: "Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable.",
    };
    assert.throws(() => regions.register(part(object)), off);
    assert.throws(() => regions.unregister(''), off);
    assert.deepEqual(regions.status('anything'), []);
    assert.throws(
      () => regions.use().input(span),
      /^InferenceError: Unable to find shared memory region: 'r'$/,
    );
    const cuda = new CudaRegions(regions);
    assert.throws(() => cuda.register('r'), off);
    assert.throws(() => cuda.unregister(), off);
    cuda.status('anything');
    await regions.close();
  }));

test('memory of GPUs is refused, and its names are told from those of the system', () =>
  withObjects([64], async (object) => {
    const regions = on();
    const cuda = new CudaRegions(regions);
    regions.register(part(object));
    assert.throws(() => cuda.register('g'), {
      code: 'invalid-argument',
      message: "failed to register CUDA shared memory region: 'g', GPUs not supported",
    });
    cuda.status('');
    assert.throws(() => cuda.status('g'), {
      code: 'not-found',
      message: "Unable to find cuda shared memory region: 'g'",
    });
    assert.throws(() => cuda.status('r'), {
      code: 'not-found',
      message: "The region named 'r' is registered as system shared memory, not CUDA shared memory",
    });
    cuda.unregister();
    assert.equal(regions.status('r').length, 1);
    await regions.close();
  }));
