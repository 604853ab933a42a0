/** Why a text cannot be read any further, and where. */
export class TextFault extends Error {
  /** In characters from the beginning of the text. */
  readonly offset: number;
  /** What was probably meant; '' when nobody knows. */
  readonly hint: string;

  constructor(message: string, offset: number, hint = '') {
    super(message);
    this.name = 'TextFault';
    this.offset = offset;
    this.hint = hint;
  }
}
