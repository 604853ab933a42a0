import type { FSWatcher } from 'chokidar';
import type { Log } from '../telemetry/log.js';

/** Deeper folders are not watched; what changes there is seen when the repository is looked at. */
const depthMost = 8;

/** Calls back whenever a file of the folders comes, changes or goes, as far as the system tells; the result ends that. */
export function watchFolders(
  folders: readonly string[],
  { onMoved, log }: { onMoved: () => void; log: Log },
): () => void {
  let watcher: FSWatcher | undefined;
  let ended = false;
  let told = false;
  const onError = (error: unknown): void => {
    if (told) return;
    told = true;
    const reason = error instanceof Error ? error.message : String(error);
    log.warning(
      `not all folders of the model repository can be watched (${reason}): changes there are seen when it is looked at, every --repository-poll-secs seconds`,
    );
  };
  // Only who watches pays for it.
  import('chokidar').then(({ watch }) => {
    if (ended) return;
    watcher = watch([...folders], { ignoreInitial: true, persistent: false, depth: depthMost });
    watcher.on('all', onMoved);
    watcher.on('error', onError);
  }, onError);
  return () => {
    ended = true;
    void watcher?.close();
  };
}
