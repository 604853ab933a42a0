export type FlagKind = 'boolean' | 'integer' | 'text' | 'list' | 'switch';

export interface Flag {
  readonly name: string;
  readonly kind: FlagKind;
  readonly group: string;
  readonly help: string;
  /** As it would be written; undefined when there is none. */
  readonly default?: string;
  readonly status: FlagStatus;
  /** Only this transport does what the flag asks for; `also`: a value that the other one means anyway. */
  readonly http2Only?: { readonly also?: string };
}

export type FlagStatus =
  | {
      readonly kind: 'works';
      readonly choices?: readonly string[];
      readonly least?: number;
      readonly most?: number;
    }
  /** Accepted with one log line that says why it does nothing. */
  | { readonly kind: 'meaningless'; readonly why: string }
  /** Refused, but for values that ask for what is the case anyway. */
  | { readonly kind: 'not-yet'; readonly accepted?: readonly string[] };

/** The longest time that a timer of Node can wait, and the largest number of Triton's own flags. */
export const mostMs = 2147483647;
const off = ['false', 'off', '0'];
export const works: FlagStatus = { kind: 'works' };
export const notYet: FlagStatus = { kind: 'not-yet' };
export const onlyOff: FlagStatus = { kind: 'not-yet', accepted: off };

export type Row = readonly [
  name: string,
  kind: FlagKind,
  fallback: string | undefined,
  status: FlagStatus,
  help: string,
];

export function meaningless(why: string): FlagStatus {
  return { kind: 'meaningless', why };
}

export function group(name: string, rows: readonly Row[]): Flag[] {
  return rows.map(([flag, kind, fallback, status, help]) => ({
    name: flag,
    kind,
    group: name,
    help,
    status,
    ...(fallback === undefined ? {} : { default: fallback }),
  }));
}

export const threads = meaningless('this server has one event loop and one thread for each instance');
