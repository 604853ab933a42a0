/** A command that was told to stop: no failure of its own. */
export class Interruption extends Error {}
