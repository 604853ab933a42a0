/** Instances that have the same wish: their number, and the thread count of each where one is named. */
export interface ThreadWish {
  readonly instanceCount: number;
  readonly intraOpThreads: number | undefined;
}

/**
 * Intra-op threads of an instance whose config names none: the cores that are left by those who do name
 * a number, shared evenly, at least one. So instances × threads stays within the cores wherever that is
 * possible at all.
 */
export function defaultIntraOpThreads(wishes: readonly ThreadWish[], coreCount: number): number {
  let left = coreCount;
  let sharers = 0;
  for (const { instanceCount, intraOpThreads } of wishes) {
    if (intraOpThreads === undefined) sharers += instanceCount;
    else left -= instanceCount * intraOpThreads;
  }
  return sharers === 0 ? 1 : Math.max(1, Math.floor(left / sharers));
}

/** Instances of one model version that have the same number of threads. */
export interface PlannedThreads {
  readonly model: string;
  readonly version: number;
  readonly instanceCount: number;
  readonly intraOpThreads: number;
}

/** Who computes with how many threads, as lines for a person, and what to change when they are too many. */
export interface ThreadReport {
  readonly lines: readonly string[];
  readonly warning: string | undefined;
}

const head = ['model', 'version', 'instances', 'intra-op threads', 'total'];

/** Lays the threads of all loaded models against the cores that there are. */
export function reportThreads(rows: readonly PlannedThreads[], coreCount: number): ThreadReport {
  const total = rows.reduce((sum, row) => sum + totalOf(row), 0);
  const cells = rows.map((row) => [
    row.model,
    String(row.version),
    String(row.instanceCount),
    String(row.intraOpThreads),
    String(totalOf(row)),
  ]);
  const sum = `${count(total, 'intra-op thread')} on ${count(coreCount, 'core')}`;
  return {
    lines: [...align([head, ...cells]), sum],
    warning: total > coreCount ? warn(rows, { sum, coreCount }) : undefined,
  };
}

/**
 * Names the largest first: it is where a change helps most. Models with one thread each are no mistake, however
 * many they are: there is nothing to lower.
 */
function warn(
  rows: readonly PlannedThreads[],
  { sum, coreCount }: { sum: string; coreCount: number },
): string | undefined {
  const byModel = new Map<string, number>();
  for (const row of rows) byModel.set(row.model, (byModel.get(row.model) ?? 0) + totalOf(row));
  const [[model, threads] = ['', 0]] = [...byModel].sort((a, b) => b[1] - a[1]);
  if (threads <= 1) return undefined;
  const largest =
    threads > coreCount ? `'${model}' alone has ${threads}` : `'${model}' has most of them, ${threads}`;
  return (
    `${sum}: models that are busy at the same time slow each other down; ${largest}. ` +
    'To mend it: lower count in its instance_group or its parameter intra_op_thread_count, or give the server more cores'
  );
}

function totalOf({ instanceCount, intraOpThreads }: PlannedThreads): number {
  return instanceCount * intraOpThreads;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
