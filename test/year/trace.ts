/** How something was over time: true or false, from moment to moment. */
export type Trace = {
  set(at: number, value: boolean): void
  at(moment: number): boolean
  /** The whole time, both ends included. */
  held(from: number, to: number): boolean
  /** The first moment from then on at which it was true; infinite where it never was again. */
  nextTrue(from: number): number
  /** The stretches in which it was true, within these bounds. */
  stretches(from: number, to: number): [from: number, to: number][]
}

export function traceOf(initial: boolean): Trace {
  const changes: { at: number; value: boolean }[] = [{ at: Number.NEGATIVE_INFINITY, value: initial }]

  /** The last change not after the moment. */
  function indexAt(moment: number): number {
    let low = 0
    let high = changes.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((changes[middle]?.at ?? Number.POSITIVE_INFINITY) <= moment) low = middle
      else high = middle - 1
    }
    return low
  }

  function nextTrue(from: number): number {
    const index = indexAt(from)
    if (changes[index]?.value) return from
    return changes[index + 1]?.at ?? Number.POSITIVE_INFINITY
  }

  return {
    set: (at, value) => {
      if (changes.at(-1)?.value !== value) changes.push({ at, value })
    },
    at: moment => changes[indexAt(moment)]?.value === true,
    held: (from, to) => {
      const index = indexAt(from)
      return changes[index]?.value === true && (changes[index + 1]?.at ?? Number.POSITIVE_INFINITY) > to
    },
    nextTrue,
    stretches: (from, to) => {
      const found: [number, number][] = []
      for (let index = indexAt(from); index < changes.length; index += 1) {
        const begin = Math.max(changes[index]?.at ?? 0, from)
        const end = Math.min(changes[index + 1]?.at ?? Number.POSITIVE_INFINITY, to)
        if (begin > to) break
        if (changes[index]?.value && end > begin) found.push([begin, end])
      }
      return found
    },
  }
}

/** True where all of them are. */
export function both(one: Trace, other: Trace, from: number, to: number): Trace {
  return combine(one, other, from, to, (a, b) => a && b)
}

export function either(one: Trace, other: Trace, from: number, to: number): Trace {
  return combine(one, other, from, to, (a, b) => a || b)
}

function combine(
  one: Trace,
  other: Trace,
  from: number,
  to: number,
  of: (one: boolean, other: boolean) => boolean,
): Trace {
  const moments = new Set<number>([from])
  for (const trace of [one, other])
    for (const [begin, end] of trace.stretches(from, to)) moments.add(begin).add(end)
  const combined = traceOf(false)
  for (const at of [...moments].sort((a, b) => a - b)) combined.set(at, of(one.at(at), other.at(at)))
  return combined
}
