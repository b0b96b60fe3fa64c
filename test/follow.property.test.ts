import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { lifecycleSchema } from '../src/lifecycle.ts'
import type { Observation } from '../src/observation.ts'
import { observeLog } from '../src/observe.ts'
import { mergeObservations, replayEvents } from '../src/replay.ts'
import { followed } from './fake/followed.ts'
import { datedAt, recordsIn, timeOf } from './fake/mcdr.ts'
import { fc } from './fake/property.ts'

const CORPUS = join(import.meta.dirname, 'fixture/corpus')
const SCENARIOS = [
  'en_us/make_ok',
  'zh_cn/make_fail_dblocked',
  'zh_cn/scheduled_ok',
  'en_us/make_aborted',
  'en_us/restore_ok',
  'en_us/restore_fail',
  'zh_cn/restore_stopped',
  'pb-1.12/zh_cn/restore_fail_soft',
  'zh_cn/spoof_log_server_output',
]
const T0 = Date.UTC(2026, 10, 25, 12)

/** A record as MCDR writes it, at once: its first line, and its traceback. */
type Written = { text: string; at: number; seen: Observation | undefined }

function written(scenario: string, beginAt: number): Written[] {
  const text = readFileSync(join(CORPUS, scenario, 'mcdr.log'), 'utf8')
  let shiftMs: number | undefined
  let last = beginAt
  return recordsIn(text).map(record => {
    const recorded = timeOf(record)
    if (recorded === undefined) return { text: record, at: last, seen: undefined }
    shiftMs ??= beginAt - recorded
    last = recorded + shiftMs
    const moved = datedAt(record, last)
    const [head = '', ...rest] = moved.trimEnd().split('\n')
    return { text: moved, at: last, seen: observeLog({ head, rest: rest.join('\n') }, 'UTC') }
  })
}

const IN_CHAT = new Set<string>([
  'backup_started',
  'backup_completed',
  'backup_ended',
  'schedule_triggered',
  'schedule_completed',
  'restore_asked',
  'restore_countdown',
  'restore_aborted',
])

const step = fc.record({
  before: fc.constantFrom('nothing', 'nothing', 'poll', 'rotate', 'cut', 'kill', 'stop'),
  chat: fc.constantFrom('none', 'before', 'after'),
})

test('both sources with rotations, cuts, kills and stops give the events of the log read once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...SCENARIOS), { minLength: 1, maxLength: 4 }),
      fc.array(step, { minLength: 60, maxLength: 60 }),
      async (scenarios, steps) => {
        const records = scenarios.flatMap((scenario, index) => written(scenario, T0 + index * 20 * 60_000))
        const seen = records.flatMap(record => record.seen ?? [])
        const once = [
          ...replayEvents(mergeObservations([], seen), {
            server: 'survival',
            lifecycle: lifecycleSchema.parse({}),
            settle: true,
          }),
        ]
        await using house = followed({ startAt: T0 - 60_000 })
        house.append(
          '[MCDR] [2026-11-25 11:59:00.000] [MainThread/INFO] [mcdr_server.py:606(f)]: MCDReforged is starting\n',
        )
        house.start()
        await house.poll()
        for (const [index, { text, at, seen }] of records.entries()) {
          const { before = 'nothing', chat = 'none' } = steps[index % steps.length] ?? {}
          if (before !== 'nothing') await house.poll()
          if (before === 'rotate') house.rotate()
          if (before === 'cut') house.cut()
          if (before === 'kill') await house.kill()
          if (before === 'stop') await house.stop()
          if (before === 'kill' || before === 'stop') house.start()
          house.clock.reach(at)
          const { at: _, source: __, ...fact } = seen ?? { type: 'log_readable', readable: true }
          const tellChat = () => house.tracker()?.take(fact as Observation)
          const isInChat = seen !== undefined && IN_CHAT.has(seen.type)
          if (isInChat && chat === 'before') tellChat()
          house.append(text)
          if (isInChat && chat === 'after') tellChat()
        }
        for (let polls = 0; polls < 4; polls += 1) await house.poll()
        house.clock.reach(house.clock.now() + 24 * 3_600_000)
        await house.poll()
        assert.deepEqual(house.events, once)
      },
    ),
    { numRuns: 60 },
  )
})
