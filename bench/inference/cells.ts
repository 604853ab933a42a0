import type { InferenceOptions } from './options.js';

/** Cells of one model and one size of request. */
export interface CellGroup {
  /** What `--only` and the tables say. */
  readonly name: string;
  readonly model: string;
  /** The same model with its instance on the event loop, to be compared. */
  readonly inline?: string;
  /** The length of a free dimension. */
  readonly size?: number;
  readonly concurrencies: readonly number[];
  /** Whether an echo of the same request is compared. */
  readonly echo: boolean;
  readonly raw: boolean;
  /** Times the seconds of other cells: where a request takes seconds, a short run says nothing. */
  readonly longer?: number;
}

const KiB = 1024;

const groups: readonly CellGroup[] = [
  {
    name: 'tiny_mlp',
    model: 'tiny_mlp',
    inline: 'tiny_mlp_inline',
    concurrencies: [1, 8, 64],
    echo: true,
    raw: true,
  },
  { name: 'simple', model: 'simple', concurrencies: [1, 8, 64], echo: true, raw: true },
  { name: 'mid_mlp', model: 'mid_mlp', concurrencies: [1, 8, 64], echo: true, raw: true },
  {
    name: 'resnet50',
    model: 'resnet50',
    concurrencies: [1, 8, 64, 128],
    echo: false,
    raw: true,
    longer: 4,
  },
  identityGroup('4KiB', 4 * KiB, 64),
  identityGroup('64KiB', 64 * KiB, 64),
  identityGroup('1MiB', KiB * KiB, 8),
  identityGroup('16MiB', 16 * KiB * KiB, 8),
];

/** What `--only` may name beside the groups. */
export const otherCells = ['memory', 'weights', 'copies', 'rivals'];

function identityGroup(size: string, sizeBytes: number, concurrency: number): CellGroup {
  return {
    name: `identity_${size}`,
    model: 'identity_fp32',
    size: sizeBytes / 4,
    concurrencies: [concurrency],
    echo: true,
    raw: false,
  };
}

export function listCells({ only, concurrencies }: InferenceOptions): CellGroup[] {
  for (const name of only) {
    const names = [...groups.map((group) => group.name), ...otherCells];
    if (!names.includes(name)) throw new Error(`--only: no cell '${name}': ${names.join(', ')}`);
  }
  return groups
    .filter(({ name }) => only.length === 0 || only.includes(name))
    .map((group) => (concurrencies.length === 0 ? group : { ...group, concurrencies }));
}
