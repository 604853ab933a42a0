import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * Ids of the NVIDIA GPUs that an instance could run on: those that the driver shows, if the CUDA
 * libraries of onnxruntime-node are installed; none otherwise.
 */
export function findGpus(): number[] {
  if (!cudaLibraryInstalled()) return [];
  try {
    const devices = readdirSync('/dev').flatMap((name) => /^nvidia(\d+)$/.exec(name)?.[1] ?? []);
    return devices.map(Number).sort((a, b) => a - b);
  } catch {
    return [];
  }
}

function cudaLibraryInstalled(): boolean {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  const platform = path.join(process.platform, process.arch);
  const folder = path.join(path.dirname(main), '..', 'bin', 'napi-v6', platform);
  return existsSync(path.join(folder, 'libonnxruntime_providers_cuda.so'));
}
