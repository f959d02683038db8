/**
 * The inline rule. Through a parked thread and back to an awaited promise a call costs tens of
 * microseconds, so short runs happen at once on the JavaScript thread: those expected to take less
 * than INLINE_MICROS, at most TURN_MICROS of them per turn of the event loop.
 */
export const INLINE_MICROS = 100;
export const TURN_MICROS = 1000;

let spent = 0;
let armed = false;

/** True when a run expected to take `micros` may run inline now. */
export const mayInline = (micros: number): boolean =>
  micros < INLINE_MICROS && spent + micros <= TURN_MICROS;

/** Accounts for an inline run that took `micros`; the account is cleared with the next turn. */
export function spentInline(micros: number): void {
  spent += micros;
  if (armed) return;
  armed = true;
  setImmediate(() => {
    spent = 0;
    armed = false;
  });
}
