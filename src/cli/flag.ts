export type FlagKind = 'boolean' | 'integer' | 'text' | 'list' | 'switch';

export interface Flag {
  readonly name: string;
  readonly kind: FlagKind;
  readonly group: string;
  readonly help: string;
  /** As it would be written; undefined when there is none. */
  readonly default?: string;
  readonly status: FlagStatus;
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
