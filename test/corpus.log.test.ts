import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LifecycleEvent } from '../src/event.ts'
import { lifecycleSchema } from '../src/lifecycle.ts'
import type { Observation } from '../src/observation.ts'
import { observeLog } from '../src/observe.ts'
import { mergeObservations, replayEvents } from '../src/replay.ts'
import { createLogScanner, type LogRecord } from '../src/source/log/records.ts'
import { followed } from './fake/followed.ts'
import { timeOf } from './fake/mcdr.ts'

const CORPUS = join(import.meta.dirname, 'fixture/corpus')
const LIFECYCLE = lifecycleSchema.parse({})

type Named = {
  event: string
  id?: number
  cost_s?: number
  creator?: string
  message?: string
  error?: string
}

const expected: Record<string, { log?: Named[] }> = JSON.parse(
  readFileSync(join(CORPUS, 'expected.json'), 'utf8'),
)
const SCENARIOS = Object.entries(expected).flatMap(([scenario, { log }]) =>
  log ? [{ scenario, want: log }] : [],
)

function bytesOf(scenario: string): Buffer {
  return readFileSync(join(CORPUS, scenario, 'mcdr.log'))
}

/** The facts that the corpus names; what it does not name of an event is not compared. */
function named(events: LifecycleEvent[], want: Named[]): Named[] {
  return events.map((event, index) => {
    const { operator, backup, costS, message, error } = event
    const all: Named = {
      event: event.name,
      ...(backup?.id !== undefined && { id: backup.id }),
      ...(costS !== undefined && { cost_s: costS }),
      ...(operator && { creator: `${operator.type}:${operator.name}` }),
      ...(message !== undefined && { message }),
      ...(error && { error: error.type }),
    }
    const keys = Object.keys(want[index] ?? all)
    return Object.fromEntries(Object.entries(all).filter(([key]) => keys.includes(key))) as Named
  })
}

function observationsOf(records: LogRecord[]): Observation[] {
  const seen: Observation[] = []
  for (const record of records) {
    const observation = observeLog(record, 'UTC', seen.at(-1)?.at)
    if (observation) seen.push(observation)
  }
  return mergeObservations([], seen)
}

function eventsOf(records: LogRecord[]): LifecycleEvent[] {
  return [
    ...replayEvents(observationsOf(records), { server: 'survival', lifecycle: LIFECYCLE, settle: true }),
  ]
}

function recordsOf(bytes: Buffer, length: number): LogRecord[] {
  const scanner = createLogScanner()
  const records: LogRecord[] = []
  for (let at = 0; at < bytes.length; at += length)
    records.push(...scanner.push(bytes.subarray(at, at + length)))
  return [...records, ...scanner.flush()]
}

test('the corpus names the events of every log', () => {
  assert.equal(SCENARIOS.length, 88)
})

for (const { scenario, want } of SCENARIOS) {
  test(`the log of ${scenario} gives the events of the corpus, read whole and in pieces of 1, 7 and 4096 bytes`, () => {
    const bytes = bytesOf(scenario)
    const whole = recordsOf(bytes, bytes.length + 1)
    assert.deepEqual(named(eventsOf(whole), want), want)
    for (const length of [1, 7, 4096]) assert.deepEqual(recordsOf(bytes, length), whole, `${length}`)
  })
}

/** Lines with their breaks, and the time of those that begin a record. */
function linesOf(bytes: Buffer): { text: string; at: number | undefined }[] {
  return (bytes.toString('utf8').match(/[^\n]*\n/g) ?? []).map(text => ({ text, at: timeOf(text) }))
}

/** The scenario as it is written, line by line, in its own time; `between` happens before each line. */
async function live(
  scenario: string,
  between: (
    house: ReturnType<typeof followed>,
    line: { isHead: boolean; isMiddle: boolean },
  ) => Promise<void>,
): Promise<LifecycleEvent[]> {
  const lines = linesOf(bytesOf(scenario))
  const startAt = (lines.find(({ at }) => at !== undefined)?.at ?? 0) - 10_000
  await using house = followed({ startAt })
  house.start()
  await house.poll()
  for (const [index, { text, at }] of lines.entries()) {
    if (at !== undefined && at > house.clock.now()) house.clock.reach(at)
    const now = house.clock.now()
    await between(house, { isHead: at !== undefined, isMiddle: index >= lines.length / 2 })
    // The lines of a traceback are of one instant.
    house.clock.reach(now)
    house.append(text)
  }
  // Two polls, by which a traceback counts as whole; then whatever waits for a deadline.
  for (let polls = 0; polls < 4; polls += 1) await house.poll()
  house.clock.reach(house.clock.now() + 24 * 3_600_000)
  await house.poll()
  return house.events
}

test('every log gives the same events through a live tail, with a rotation in the middle', async () => {
  for (const { scenario, want } of SCENARIOS) {
    let rotated = false
    const events = await live(scenario, async (house, { isHead, isMiddle }) => {
      // MCDR writes a record whole, and looks before it whether to rotate.
      if (rotated || !isHead || !isMiddle) return
      rotated = true
      await house.poll()
      house.rotate()
    })
    assert.deepEqual(named(events, want), want, scenario)
  }
})

test('every log gives the same events with the bridge killed and started again at every line', async () => {
  for (const { scenario, want } of SCENARIOS) {
    const events = await live(scenario, async house => {
      await house.poll()
      await house.kill()
      house.start()
    })
    assert.deepEqual(named(events, want), want, scenario)
  }
})
