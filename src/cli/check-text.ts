import type { CheckedModel } from '../repository/check-model.js';
import type { CheckReport } from '../repository/check-repositories.js';
import type { Finding } from '../repository/finding.js';
import { formatShape } from '../tensors/shape.js';
import { summarize, type ModelSummary, type TensorSummary } from './model-summary.js';
import { layTable } from './table.js';

const head = ['model', 'versions', 'inputs', 'outputs', 'batching', 'instances', 'state'];
const tensorsShownMax = 12;

/** A report for people: a table of the models, and beneath it what is wrong and what there is to say. */
export function formatReport(report: CheckReport): string {
  const { models, repositories } = report;
  const parts = [
    models.length === 0 ? '' : layTable(head, models.flatMap(toRows)),
    ...repositories.map(({ place, findings, notes }) => formatSection(place, findings, notes)),
    ...models.map(({ name, findings, notes, repository }) => {
      const isAmbiguous = models.filter((other) => other.name === name).length > 1;
      return formatSection(isAmbiguous ? `${name} (in ${repository})` : name, findings, notes);
    }),
    formatSum(report),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** A finding on lines of its own: what is wrong, where, and what mends it. */
export function formatFinding({ versions, message, remedy, field, file, line, column }: Finding): string {
  const place = file === undefined || line === undefined ? undefined : `${file}:${line}:${column ?? 1}`;
  // A text that could not be read says its place itself.
  const isSaid = place !== undefined && message.includes(place);
  const where = place === undefined ? undefined : `at ${place}`;
  const spot = [where, field && `in ${field}`].filter((part) => part !== undefined).join(', ');
  const of = versions.length === 0 ? '' : `${versionsOf(versions)}: `;
  return [
    `  wrong: ${of}${message}`,
    ...(isSaid || spot === '' ? [] : [`         ${spot}`]),
    ...(remedy === '' ? [] : [`         To mend it: ${remedy}`]),
  ].join('\n');
}

function versionsOf(versions: readonly number[]): string {
  return `version${versions.length === 1 ? '' : 's'} ${versions.join(', ')}`;
}

function formatSection(title: string, findings: readonly Finding[], notes: readonly string[]): string {
  if (findings.length + notes.length === 0) return '';
  const lines = [title, ...findings.map(formatFinding), ...notes.map((note) => `  note: ${note}`)];
  return `${lines.join('\n')}\n`;
}

/** One row for versions that look alike, one for each that does not. */
function toRows(model: CheckedModel): string[][][] {
  const { name, versions, findings } = model;
  const state = findings.length === 0 ? 'ok' : count(findings.length, 'problem');
  if (versions.length === 0) return [[[name], ['none'], ...unknown, [state]]];
  const rows = new Map<string, { numbers: number[]; cells: string[][] }>();
  for (const { version, config } of versions) {
    const cells = config === undefined ? unknown : toCells(summarize(config));
    const key = JSON.stringify(cells);
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { numbers: [version], cells });
    else known.numbers.push(version);
  }
  return [...rows.values()].map(({ numbers, cells }, index) => [
    [index === 0 ? name : ''],
    [numbers.join(', ')],
    ...cells,
    [index === 0 ? state : ''],
  ]);
}

const unknown = [['?'], ['?'], ['?'], ['?']];

function toCells({ inputs, outputs, maxBatchSize, batching, instances }: ModelSummary): string[][] {
  const sizes = {
    none: 'none',
    caller: `up to ${maxBatchSize} in a request`,
    dynamic: `dynamic, up to ${maxBatchSize}`,
  };
  const groups = instances.map(({ kind, count: number, gpus }) => {
    if (kind === 'inline') return `${number} on the event loop`;
    return kind === 'cpu' ? `${number} on CPU` : `${number} on GPU ${gpus.join(', ') || '?'}`;
  });
  return [toLines(inputs), toLines(outputs), [sizes[batching]], groups.length === 0 ? ['?'] : groups];
}

function toLines(tensors: readonly TensorSummary[]): string[] {
  if (tensors.length === 0) return ['?'];
  const shown = tensors.slice(0, tensorsShownMax);
  const lines = shown.map(({ name, datatype, shape }) => `${name} ${datatype ?? '?'} ${formatShape(shape)}`);
  const more = tensors.length - shown.length;
  return more === 0 ? lines : [...lines, `and ${more} more`];
}

function formatSum({ models, repositories }: CheckReport): string {
  const wrong = models.filter(({ findings }) => findings.length > 0).length;
  const about = repositories.reduce((sum, { findings }) => sum + findings.length, 0);
  const rest = about === 0 ? '' : `; ${count(about, 'problem')} of the repository itself`;
  const found = wrong === 0 ? 'nothing wrong' : `${wrong} with problems, ${models.length - wrong} ok`;
  return `${count(models.length, 'model')}: ${found}${rest}\n`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
