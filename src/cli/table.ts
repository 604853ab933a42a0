/** Rows of cells, each cell of one or more lines, under their heads and in columns as wide as they need. */
export function layTable(head: readonly string[], rows: readonly (readonly (readonly string[])[])[]): string {
  const all = [head.map((name) => [name]), ...rows];
  const widths = head.map((_, column) =>
    Math.max(...all.flatMap((row) => (row[column] ?? []).map(({ length }) => length))),
  );
  return all.map((row) => layRow(row, widths)).join('');
}

function layRow(row: readonly (readonly string[])[], widths: readonly number[]): string {
  const height = Math.max(...row.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) => {
    const cells = row.map((cell, column) => (cell[line] ?? '').padEnd(widths[column] ?? 0));
    return `${cells.join('  ').trimEnd()}\n`;
  }).join('');
}
