/** A clock that leaps from one timer to the next: a year takes as long as what happens in it. */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/clock.ts'
import { sleepBy } from '../fake/clock.ts'

export type LeapingClock = Clock & {
  /** Lets time pass up to then, epoch milliseconds: what falls due happens in its order, each with what follows from it. */
  runUntil(at: number): Promise<void>
  /** Something goes on that takes no time; the clock stands still until it has settled. */
  hold<T>(work: Promise<T>): Promise<T>
}

type Timer = { at: number; order: number; run: (() => void) | undefined }

export function leapingClock(start: number): LeapingClock {
  const timers: Timer[] = []
  let now = start
  let order = 0
  let held = 0

  function after(ms: number, run: () => void): () => void {
    // As Node has it: whole milliseconds.
    const timer: Timer = { at: now + Math.max(Math.ceil(ms), 0), order: order++, run }
    push(timers, timer)
    return () => {
      timer.run = undefined
    }
  }

  return {
    now: () => now,
    monotonic: () => now - start,
    after,
    sleep: sleepBy(after),
    hold: work => {
      held += 1
      return work.finally(() => {
        held -= 1
      })
    },
    async runUntil(at) {
      for (;;) {
        while (held > 0) await setImmediate()
        const [next] = timers
        if (!next || next.at > at) break
        pop(timers)
        if (!next.run) continue
        now = Math.max(now, next.at)
        next.run()
      }
      now = at
    },
  }
}

function isBefore(one: Timer | undefined, other: Timer | undefined): boolean {
  if (!one || !other) return one !== undefined
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

/* A binary heap, the earliest first. */

function push(heap: Timer[], timer: Timer): void {
  heap.push(timer)
  for (let index = heap.length - 1; index > 0; ) {
    const parent = (index - 1) >> 1
    if (!isBefore(heap[index], heap[parent])) return
    swap(heap, index, parent)
    index = parent
  }
}

function pop(heap: Timer[]): void {
  swap(heap, 0, heap.length - 1)
  heap.pop()
  for (let index = 0; ; ) {
    const left = 2 * index + 1
    const child = isBefore(heap[left + 1], heap[left]) ? left + 1 : left
    if (child >= heap.length || !isBefore(heap[child], heap[index])) return
    swap(heap, index, child)
    index = child
  }
}

function swap(heap: Timer[], one: number, other: number): void {
  const [first, second] = [heap[one], heap[other]]
  if (first && second) [heap[one], heap[other]] = [second, first]
}
