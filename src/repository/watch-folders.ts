import { watch } from 'chokidar';
import type { Log } from '../telemetry/log.js';

/** Deeper folders are not watched; what changes there is seen when the repository is looked at. */
const depthMost = 8;

/** Calls back whenever a file of the folders comes, changes or goes, as far as the system tells; the result ends that. */
export function watchFolders(
  folders: readonly string[],
  { onMoved, log }: { onMoved: () => void; log: Log },
): () => void {
  const watcher = watch([...folders], { ignoreInitial: true, persistent: false, depth: depthMost });
  let told = false;
  watcher.on('all', onMoved);
  watcher.on('error', (error) => {
    if (told) return;
    told = true;
    const reason = error instanceof Error ? error.message : String(error);
    log.warning(
      `not all folders of the model repository can be watched (${reason}): changes there are seen when it is looked at, every --repository-poll-secs seconds`,
    );
  });
  return () => void watcher.close();
}
