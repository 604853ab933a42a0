import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ModelFolder } from './source.js';

/** What a load call brings along in place of what lies in the repository. */
export interface LoadOverride {
  /** The config as JSON, in place of config.pbtxt. */
  readonly configJson?: string;
  /** All files of the model, by their place in its folder, in place of all that lies there. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

/** Writes files that came over the wire into a folder of their own; a path that leads out of it is refused before anything is written. */
export async function writeOverride(files: ReadonlyMap<string, Uint8Array>): Promise<ModelFolder> {
  const places = [...files.keys()].map(placeInside);
  const folder = await mkdtemp(path.join(tmpdir(), 'nereid-model-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    for (const [index, bytes] of [...files.values()].entries()) {
      const file = path.join(folder, places[index] ?? '');
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, bytes);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return new ModelFolder(folder, remove);
}

/** Where a file goes inside a folder, whatever its name says. */
function placeInside(name: string): string {
  const place = path.normalize(name);
  const parts = place.split(path.sep);
  const leaves = name === '' || name.includes('\0') || path.isAbsolute(place) || parts.includes('..');
  if (!leaves && place !== '.' && !place.endsWith(path.sep)) return place;
  throw new Error(
    `Invalid file parameter 'file:${name}' with normalized path '${place}' must stay within model directory.`,
  );
}
