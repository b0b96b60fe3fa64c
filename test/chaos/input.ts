/** One long recording made of the corpus's, and what it must give: the same rules, run without a crash. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LifecycleEvent } from '../../src/event.ts'
import { initialState, type LifecycleState, lifecycleSchema, observe, tick } from '../../src/lifecycle.ts'
import type { Observation } from '../../src/observation.ts'
import { readRecording } from '../../src/recording.ts'

export const SERVER = 'survival'
export const LIFECYCLE = lifecycleSchema.parse({})
const RULES = { prefix: '!!pb', chatPatterns: [] }
const CORPUS = join(import.meta.dirname, '../fixture/corpus')
/** Between two recordings: every deadline of the one is over before the other begins. */
const GAP_MS = 12 * 3_600_000
const BEGIN_MS = Date.UTC(2026, 0, 1)

/** The recordings of the corpus one after the other, over and over, until there are `count` lines. */
export function longRecording(count: number): string[] {
  const texts = globSync('*/*/chat*.jsonl', { cwd: CORPUS })
    .sort()
    .map(file => readFileSync(join(CORPUS, file), 'utf8'))
  const lines: string[] = []
  for (let at = BEGIN_MS; lines.length < count; ) {
    for (const text of texts) {
      if (lines.length >= count) break
      const part = text.split('\n').filter(line => line.trim() !== '')
      const first = timeOf(part[0] ?? '{}')
      lines.push(JSON.stringify({ t_ms: at, kind: 'disconnect' }))
      lines.push(JSON.stringify({ t_ms: at + 1000, kind: 'connect' }))
      for (const line of part) lines.push(shifted(line, at + 2000 - first))
      at = timeOf(lines.at(-1) ?? '{}') + GAP_MS
    }
  }
  return lines
}

function timeOf(line: string): number {
  return Number((JSON.parse(line) as { t_ms?: unknown }).t_ms ?? 0)
}

function shifted(line: string, byMs: number): string {
  return JSON.stringify({ ...JSON.parse(line), t_ms: timeOf(line) + byMs })
}

/** What one line says. A recording of one line would begin with an arrival of its own. */
export function observationsOf(line: string): Observation[] {
  const all = [...readRecording(line, RULES)]
  return line.includes('"kind":"connect"') ? all : all.filter(({ type }) => type !== 'attached')
}

export type Taken = { state: LifecycleState; events: LifecycleEvent[] }

/** The state and the events after one more line; after the last one (`undefined`), when every deadline has passed. */
export function takeLine(before: LifecycleState, line: string | undefined): Taken {
  if (line === undefined) return tick(before, Number.MAX_SAFE_INTEGER, LIFECYCLE)
  let state = before
  const events: LifecycleEvent[] = []
  for (const observation of observationsOf(line)) {
    const step = observe(state, observation, LIFECYCLE)
    state = step.state
    events.push(...step.events)
  }
  return { state, events }
}

export type Expected = {
  /** All events, in order. */
  events: LifecycleEvent[]
  /** How many of them there are, and the state, after so many lines. */
  after: { events: number; state: string }[]
}

/** The replay that nothing interrupts. The end of the input counts as one more line. */
export function expect(lines: readonly string[]): Expected {
  let state = initialState(SERVER)
  const events: LifecycleEvent[] = []
  const after = [{ events: 0, state: JSON.stringify(state) }]
  for (const line of [...lines, undefined]) {
    const taken = takeLine(state, line)
    state = taken.state
    events.push(...taken.events)
    after.push({ events: events.length, state: JSON.stringify(state) })
  }
  return { events, after }
}
