/** A straight line through points: by how much it rises, and how sure that is. */

export type Slope = {
  /** Rise of y for 1 of x. */
  rise: number
  /** Standard error of the rise. */
  error: number
}

/** Least squares; needs three points or more, of different x. */
export function slopeOf(points: readonly { x: number; y: number }[]): Slope {
  const count = points.length
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count
  const squaresX = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  const rise = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / squaresX
  const squaresLeft = points.reduce((sum, { x, y }) => sum + (y - meanY - rise * (x - meanX)) ** 2, 0)
  return { rise, error: Math.sqrt(squaresLeft / (count - 2) / squaresX) }
}

/** So many standard errors on both sides hold the true slope 95 times of 100, where there are thirty points or more. */
export const SURE = 1.96
