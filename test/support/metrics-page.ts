import assert from 'node:assert/strict';

/** What a page of metrics says: the type of each family, and the value of each series by its name and labels. */
export interface MetricsPageText {
  readonly types: ReadonlyMap<string, string>;
  readonly values: ReadonlyMap<string, number>;
}

const series = /^([a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})?) (\S+)$/;

/** Reads a page, and holds it against the rules: every family has a help and a type, and no series comes twice. */
export function parsePage(text: string): MetricsPageText {
  const types = new Map<string, string>();
  const values = new Map<string, number>();
  let name = '';
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const help = /^# HELP (\S+) \S/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    if (help !== null) {
      name = help[1] ?? '';
      assert.ok(!types.has(name), `${name} comes twice`);
    } else if (type !== null) {
      assert.equal(type[1], name);
      types.set(name, type[2] ?? '');
    } else {
      const [, key = '', value = ''] = series.exec(line) ?? [];
      assert.ok(key !== '', `not a series: ${line}`);
      assert.ok(types.has(name) && key.startsWith(name), `${key} stands under ${name}`);
      assert.ok(!values.has(key), `${key} comes twice`);
      values.set(key, value === '+Inf' ? Infinity : Number(value.replace('Nan', 'NaN')));
    }
  }
  return { types, values };
}

/** The page that is served at a port. */
export async function readPage(port: number): Promise<MetricsPageText> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.equal(response.status, 200);
  return parsePage(await response.text());
}

/** Series whose name and labels match, without what all of them have. */
export function pick({ values }: MetricsPageText, start: string): Record<string, number> {
  const found = [...values].filter(([key]) => key.startsWith(start));
  return Object.fromEntries(found.map(([key, value]) => [key.slice(start.length), value]));
}
