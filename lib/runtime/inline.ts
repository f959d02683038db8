/**
 * The inline rule. Through a parked thread and back to an awaited promise a call costs tens of
 * microseconds, so short runs happen at once on the JavaScript thread: those expected to take less
 * than INLINE_MICROS, about TURN_MICROS of them per turn of the event loop. What a turn has no room for
 * waits for the next one.
 */
export const INLINE_MICROS = 100;
export const TURN_MICROS = 1000;

/** microseconds of inline runs in this turn */
let spent = 0;
let armed = false;
let waiting: (() => void)[] = [];

/** True when a run expected to take `micros` is short enough to run inline. */
export const isShort = (micros: number): boolean => micros < INLINE_MICROS;

/** True while runs wait for the next turn: what comes now goes behind them. */
export const isCrowded = (): boolean => waiting.length > 0;

/** True when this turn has room for a run expected to take `micros`. */
export const hasRoom = (micros: number): boolean => !isCrowded() && spent + micros <= TURN_MICROS;

/** Accounts for an inline run that took `micros`; the account is cleared with the next turn. */
export function spentInline(micros: number): void {
  spent += micros;
  arm();
}

/** Does `work` in one of the next turns, after what waits already. */
export function inNextTurn<T>(work: () => T | Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    waiting.push(() => {
      try {
        resolve(work());
      } catch (e) {
        reject(e instanceof Error ? e : new Error(String(e)));
      }
    });
    arm();
  });
}

function arm(): void {
  if (armed) return;
  armed = true;
  setImmediate(turn);
}

function turn(): void {
  armed = false;
  spent = 0;
  const end = performance.now() + TURN_MICROS / 1000;
  let done = 0;
  while (done < waiting.length && performance.now() < end) waiting[done++]!();
  waiting = done === waiting.length ? [] : waiting.slice(done);
  if (isCrowded()) arm();
}
