/** Milliseconds of the wall clock, finer than `Date.now`, and comparable between processes of one machine. */
export function wallNow(): number {
  return performance.timeOrigin + performance.now()
}
