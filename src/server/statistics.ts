import { invalidArgument } from '../inference/error.js';
import type { ModelVersion } from '../models/model-version.js';
import type { StatisticsSnapshot } from '../models/statistics.js';
import type { Repository } from '../repository/repository.js';

/** What one version of a model has done. */
export interface VersionStatistics extends StatisticsSnapshot {
  readonly name: string;
  readonly version: number;
}

/**
 * The statistics of ready versions, by name and version. An empty name asks for all of them, whatever the
 * version. That a model is unknown or not ready is Triton's invalid argument here, where it is not found elsewhere.
 */
export function readStatistics(
  repository: Repository,
  name: string,
  version: number | undefined,
): VersionStatistics[] {
  if (name === '') return repository.models.flatMap((model) => snapshots(model.name, model.readyVersions));
  const ready = repository.find(name)?.readyVersions ?? [];
  if (ready.length === 0) throw invalidArgument(`requested model '${name}' is not available`);
  if (version === undefined) return snapshots(name, ready);
  const asked = ready.filter((one) => one.version === version);
  if (asked.length === 0) {
    throw invalidArgument(`requested model version is not available for model '${name}'`);
  }
  return snapshots(name, asked);
}

function snapshots(name: string, versions: readonly ModelVersion[]): VersionStatistics[] {
  return versions.map(({ version, statistics }) => ({ name, version, ...statistics.snapshot() }));
}
