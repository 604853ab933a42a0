/**
 * The time of day in microseconds since 1970. It agrees with `Date` to the millisecond, also after the
 * system's clock was set, and takes the digits below from the timer that `Date` does not show.
 */
export class WallClock {
  #offsetUs = performance.timeOrigin * 1000;

  nowUs(dateMs = Date.now(), timerMs = performance.now()): number {
    const dateUs = dateMs * 1000;
    const guessUs = Math.floor(this.#offsetUs + timerMs * 1000);
    if (guessUs >= dateUs && guessUs < dateUs + 1000) return guessUs;
    this.#offsetUs = dateUs - timerMs * 1000;
    return dateUs;
  }
}
