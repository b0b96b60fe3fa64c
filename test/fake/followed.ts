/** A log that is followed as the bridge follows it, up to the commits; what they hold outlives a kill. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/clock.ts'
import type { LifecycleEvent } from '../../src/event.ts'
import { createFollow, type Follow } from '../../src/follow.ts'
import { type LifecycleOptions, lifecycleSchema, parseState } from '../../src/lifecycle.ts'
import { createTracker, type Tracker } from '../../src/tracker.ts'
import { fakeClock } from './clock.ts'
import { fakeLog } from './log.ts'
import { until } from './until.ts'
import { zipOf } from './zip.ts'

const POLL_MS = 1000

export function followed(
  options: { timeZone?: string; startAt?: number; lifecycle?: LifecycleOptions } = {},
) {
  const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-followed-'))
  const file = join(dir, 'logs', 'MCDR.log')
  mkdirSync(join(dir, 'logs'))
  const clock = fakeClock(options.startAt)
  /** The tail waits for its next poll. */
  let pausing = false
  const pollClock: Clock = {
    ...clock,
    after: (ms, run) => {
      if (ms !== POLL_MS) return clock.after(ms, run)
      pausing = true
      const cancel = clock.after(ms, () => {
        pausing = false
        run()
      })
      return cancel
    },
  }
  const log = fakeLog()
  const lifecycle = options.lifecycle ?? lifecycleSchema.parse({})
  const timeZone = options.timeZone ?? 'UTC'
  const events: LifecycleEvent[] = []
  const raised: string[][] = []
  /** What is on the disk. */
  const disk: { state?: string; position?: string } = {}
  let living: { follow: Follow; tracker: Tracker } | undefined
  let zips = 0

  function start() {
    pausing = false
    let dead = false
    const tracker: Tracker = createTracker('survival', lifecycle, {
      clock,
      log: true,
      seenUpTo: () => (tracker.state().lead.by === 'log' ? follow.seenUpTo() : clock.now()),
      commit: (made, state) => {
        if (dead) return
        events.push(...made)
        disk.state = JSON.stringify(state)
        keep(follow.row())
      },
    })
    const follow = createFollow(
      { server: 'survival', file, pollMs: POLL_MS, timeZone, lifecycle, watch: false },
      {
        clock: pollClock,
        log,
        take: tracker.takeLog,
        advance: tracker.advance,
        store: row => {
          if (!dead) keep(row)
        },
        raise: (code, ...values) => {
          raised.push([code, ...values])
        },
      },
    )
    tracker.start(disk.state === undefined ? undefined : parseState(disk.state))
    follow.start(disk.position)
    living = { follow, tracker }
    leave = async kill => {
      dead = kill
      living = undefined
      await follow.stop()
      tracker.stop()
    }
  }
  let leave: (kill: boolean) => Promise<void> = async () => {}

  function keep(row: ReturnType<Follow['row']>) {
    if (row?.table === 'position') disk.position = row.body
  }

  /** Resolves when everything that is in the file by now was read. */
  async function poll() {
    await until('the tail', () => pausing)
    await clock.advance(POLL_MS)
    await until('the poll', () => pausing)
  }

  return {
    dir,
    file,
    clock,
    log,
    events,
    raised,
    disk,
    start,
    poll,
    tracker: () => living?.tracker,
    append: (text: string | Buffer) => appendFileSync(file, text),
    /** As MCDR does it: zipped, unlinked; the new file comes with the next line. */
    rotate: () => {
      if (!existsSync(file)) return
      zips += 1
      const zip = join(dir, 'logs', `2026-11-25-${zips}.zip`)
      writeFileSync(zip, zipOf('MCDR.log', readFileSync(file)))
      // Two in one test must not have the same time.
      const at = statSync(zip).mtimeMs / 1000 + zips
      utimesSync(zip, at, at)
      unlinkSync(file)
    },
    /** As logrotate's copytruncate does it; what was read by then only. */
    cut: () => {
      if (existsSync(file)) truncateSync(file)
    },
    /** Nothing is stored but what was committed. */
    kill: () => leave(true),
    stop: () => leave(false),
    async [Symbol.asyncDispose]() {
      await leave(true)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
