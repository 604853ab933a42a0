import type { CheckedModel, CheckedVersion } from '../repository/check-model.js';
import { isClean, type CheckReport } from '../repository/check-repositories.js';
import type { Finding } from '../repository/finding.js';
import { summarize } from './model-summary.js';

/** A report as one JSON document, whose field names are promised in README.md; null stands for what is not known. */
export function formatReportJson(report: CheckReport): string {
  const document = {
    ok: isClean(report),
    repositories: report.repositories.map(({ place, findings, notes }) => ({
      place,
      problems: findings.map(toProblem),
      notes,
    })),
    models: report.models.map(toModel),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function toModel({ name, repository, versions, findings, notes }: CheckedModel): object {
  return {
    name,
    repository,
    ok: findings.length === 0,
    versions: versions.map(toVersion),
    problems: findings.map(toProblem),
    notes,
  };
}

function toVersion({ version, outcome, config }: CheckedVersion): object {
  const summary = config && summarize(config);
  return {
    version,
    state: outcome,
    inputs: summary?.inputs ?? null,
    outputs: summary?.outputs ?? null,
    max_batch_size: summary?.maxBatchSize ?? null,
    batching: summary?.batching ?? null,
    instances: summary?.instances ?? null,
  };
}

function toProblem({ versions, message, remedy, field, file, line, column }: Finding): object {
  return {
    versions,
    message,
    remedy: remedy === '' ? null : remedy,
    file: file ?? null,
    line: line ?? null,
    column: column ?? null,
    field: field ?? null,
  };
}
