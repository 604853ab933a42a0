import type { Help } from 'commander';
import type { Flag, FlagStatus } from './flag.js';
import { flags } from './flags.js';

/** Where the descriptions begin; a longer flag has its own below it. */
const descriptionColumn = 38;

/** Readable at any width, but not wider than a person reads. */
const widthMost = 110;

export function describeFlag({ help, status, default: fallback }: Flag): string {
  const choices = status.kind === 'works' ? (status.choices ?? []) : [];
  const values = choices.length === 0 ? '' : `: ${choices.join(', ')}`;
  return `${help}${values}${fallback === undefined ? '' : ` (default: ${fallback})`}`;
}

/** One flag with its description, wrapped beside or, behind a long name, below it. */
export function formatFlag(term: string, _width: number, description: string, help: Help): string {
  const width = Math.min(help.helpWidth ?? 80, widthMost);
  const left = `  ${term}`;
  const indent = ' '.repeat(descriptionColumn);
  const text = help.boxWrap(description, width - descriptionColumn).replaceAll('\n', `\n${indent}`);
  return left.length < descriptionColumn
    ? `${left.padEnd(descriptionColumn)}${text}`
    : `${left}\n${indent}${text}`;
}

/** Flags of tritonserver that do not do here what they do there, by name only. */
export function flagsBeside(): string {
  return [
    '',
    'Accepted, without effect here (the log says why):',
    ...names('meaningless'),
    '',
    'Not supported yet (refused unless they ask for nothing, as --rate-limit=off):',
    ...names('not-yet'),
  ].join('\n');
}

function names(kind: FlagStatus['kind']): string[] {
  const lines: string[] = [];
  for (const { name, status } of flags) {
    if (status.kind !== kind) continue;
    const last = lines.at(-1);
    if (last !== undefined && last.length + name.length + 3 <= 80)
      lines[lines.length - 1] = `${last} --${name}`;
    else lines.push(`  --${name}`);
  }
  return lines;
}
