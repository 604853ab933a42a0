// The static table (RFC 7541 2.3.1, Appendix A).
import { Field } from './field.js';

const entries: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** The static table by index; index 0 holds none. */
export const staticFields: readonly (Field | undefined)[] = [
  undefined,
  ...entries.map(([name, value], position) => new Field(name, value, position + 1)),
];

/** The first index of the dynamic table (RFC 7541 2.3.3). */
export const firstDynamicIndex = staticFields.length;

const firstOfName = new Map<string, number>();
for (const [position, [name]] of entries.entries()) {
  if (!firstOfName.has(name)) firstOfName.set(name, position + 1);
}

/** The first index with this name, 0 if there is none. */
export function staticNameIndex(name: string): number {
  return firstOfName.get(name) ?? 0;
}

/** The index with this name and value, 0 if there is none. */
export function staticIndex(name: string, value: string): number {
  // Entries of one name lie side by side.
  for (let index = staticNameIndex(name); staticFields[index]?.name === name; index++) {
    if (staticFields[index]?.value === value) return index;
  }
  return 0;
}
