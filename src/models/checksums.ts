import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { toChecksums } from '../config/repository-agents.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { invalidArgument } from '../inference/error.js';
import { fileErrorReason } from './file-error.js';

/** Holds the files of a model against the digests that its config names, as Triton's agent `checksum` does. */
export async function checkChecksums(config: ModelConfig, folder: string): Promise<void> {
  for (const { file, md5 } of toChecksums(config)) {
    const found = await digest(path.join(folder, file), file);
    if (found === md5) continue;
    throw invalidArgument(`Mismatched MD5 hash for file ${file}, expect: ${md5}, got: ${found}`);
  }
}

/** Piece by piece, so that the event loop is never held for long. */
async function digest(file: string, shown: string): Promise<string> {
  const hash = createHash('md5');
  try {
    for await (const piece of createReadStream(file)) hash.update(piece as Uint8Array);
  } catch (error) {
    throw invalidArgument(`failed to open text file for read ${shown}: ${fileErrorReason(error)}`);
  }
  return hash.digest('hex');
}
