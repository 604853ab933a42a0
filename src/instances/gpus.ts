import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * Ids of the NVIDIA GPUs that an instance could run on, as CUDA counts them: from 0, those that
 * CUDA_VISIBLE_DEVICES names or all that the driver shows; none without the CUDA libraries of onnxruntime-node.
 */
export function findGpus(visible = process.env['CUDA_VISIBLE_DEVICES']): number[] {
  if (!cudaLibraryInstalled()) return [];
  const count = visible === undefined ? countDevices() : countVisible(visible);
  return Array.from({ length: Math.min(count, countDevices()) }, (_, id) => id);
}

/** CUDA takes the names up to the first one that is none. */
export function countVisible(visible: string): number {
  const names = visible.split(',').map((name) => name.trim());
  const end = names.findIndex((name) => !/^(\d+|GPU-[\w-]+|MIG-[\w/-]+)$/.test(name));
  return end === -1 ? names.length : end;
}

function countDevices(): number {
  try {
    return readdirSync('/dev').filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}

function cudaLibraryInstalled(): boolean {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  const platform = path.join(process.platform, process.arch);
  const folder = path.join(path.dirname(main), '..', 'bin', 'napi-v6', platform);
  return existsSync(path.join(folder, 'libonnxruntime_providers_cuda.so'));
}
