/** Whether a soak shows that nothing grows: counts by their exact number at rest, memory by a line through its samples. */
import { table } from '../measure.ts'
import { type Slope, SURE, slopeOf } from './slope.ts'
import type { Soak } from './soak.ts'

export type Verdict = {
  rows: string[][]
  /** What grew, was lost, or was doubled; empty where all is well. */
  faults: string[]
}

type Count = { name: string; before: number; after: number }

const HOUR_MS = 3_600_000
const MB = 1e6

/** Fewer samples say nothing of a slope. */
export const LEAST_SAMPLES = 30

/**
 * Megabytes an hour. Where the slope is sure to be above zero and yet below this, it is what V8 and malloc do with a
 * process of some minutes. A function that has run for long enough is compiled anew, and better; each of them once or twice.
 */
const SMALL = { objects: 0.5, code: 4, external: 0.5, rss: 6 }

export function judgeMemory({ samples }: Pick<Soak, 'samples'>): Verdict {
  const faults: string[] = []
  const rows = (Object.keys(SMALL) as (keyof typeof SMALL)[]).map(kind => {
    const slope = slopeOf(samples.map(sample => ({ x: sample.atMs / HOUR_MS, y: sample[kind] / MB })))
    const isFlat = slope.rise - SURE * slope.error <= 0
    const isSmall = slope.rise <= SMALL[kind]
    if (!isFlat && !isSmall) faults.push(`${kind} grows by ${words(slope)} MB an hour`)
    const values = samples.map(sample => sample[kind] / MB)
    return [
      kind,
      (values[0] ?? 0).toFixed(1),
      (values.at(-1) ?? 0).toFixed(1),
      words(slope),
      isFlat ? 'flat' : isSmall ? `below ${SMALL[kind]}` : 'GROWS',
    ]
  })
  return { rows, faults }
}

function words({ rise, error }: Slope): string {
  return `${rise.toFixed(2)} ± ${(SURE * error).toFixed(2)}`
}

export function judgeCounts({ before, after, stopped }: Pick<Soak, 'before' | 'after' | 'stopped'>): Verdict {
  const kinds = new Set([before, after].flatMap(({ resources }) => Object.keys(resources)))
  const counts: Count[] = [
    ...[...kinds].map(kind => ({
      name: kind,
      before: before.resources[kind] ?? 0,
      after: after.resources[kind] ?? 0,
    })),
    ...COUNTED.map(([name, key]) => ({ name, before: before[key], after: after[key] })),
  ]
  const grown = counts.filter(({ before, after }) => after > before)
  const left = Object.entries(stopped.resources).filter(([kind]) => kind !== CHANNEL)
  return {
    rows: counts.map(({ name, before, after }) => [
      name,
      String(before),
      String(after),
      after > before ? 'GROWS' : 'flat',
    ]),
    faults: [
      ...grown.map(({ name, before, after }) => `${name} grew from ${before} to ${after}`),
      ...left.map(([kind, count]) => `${count} × ${kind} is left of a bridge that has stopped`),
    ],
  }
}

/** To the parent of the process. */
const CHANNEL = 'PipeWrap'

const COUNTED = [
  ['open sockets', 'sockets'],
  ['listeners of the socket with most', 'listenersOfOne'],
  ['listeners of the process', 'listenersOfProcess'],
  ['listeners of abort signals', 'listenersOfSignals'],
] as const

/** All of it, as Markdown. */
export function report(soak: Soak): { text: string; faults: string[] } {
  const { figures, answered, before, after, samples, faults } = soak
  const memory = judgeMemory(soak)
  const counts = judgeCounts(soak)
  const events = 2 * figures.told.length
  const happened: [string, string][] = [
    ['samples', String(samples.length)],
    ...Object.entries(figures.counts).map(([what, count]): [string, string] => [
      what,
      count.toLocaleString('en'),
    ]),
    [
      'events told',
      `${events}: lost ${faults.length === 0 ? 0 : '?'}, doubled in the outbox ${faults.length === 0 ? 0 : '?'}`,
    ],
    ...Object.entries(answered).map(([way, count]): [string, string] => [
      `requests answered: ${way}`,
      String(count),
    ]),
    ['bytes of the store for each event', ((after.storeBytes - before.storeBytes) / events).toFixed(0)],
  ]
  const text = [
    table(
      ['what happened', ''],
      happened.map(([what, count]) => [what, count]),
    ),
    table(['MB', 'first', 'last', 'slope an hour, 95 % sure', ''], memory.rows),
    table(['at rest', 'before', 'after', ''], counts.rows),
  ].join('\n\n')
  return { text, faults: [...faults, ...memory.faults, ...counts.faults] }
}
