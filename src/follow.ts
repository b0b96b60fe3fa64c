/** MCDR's log of one server: its records → observations, and how far they have been read. */
import type { Clock } from './clock.ts'
import { initialState, type LifecycleOptions, observe } from './lifecycle.ts'
import type { Log } from './log.ts'
import type { NoticeCode } from './notices.ts'
import type { Observation } from './observation.ts'
import { observeLog } from './observe.ts'
import { readJson } from './outbox/row.ts'
import type { Row } from './outbox/store.ts'
import type { LogRecord } from './source/log/records.ts'
import { createLogTail, type LogPosition } from './source/log/tail.ts'

/** A task that began longer before the very first start is left alone (issue 5). */
const PICK_UP_MS = 15 * 60_000
/** PB's question and its schedule's word come this long before the task that they belong to, at most. */
const PRELUDE_MS = 120_000
/** A line's time that is this far from when it was written is wrong: another zone, another clock. */
const MOST_WRONG_MS = 10 * 60_000
/** An unreadable log is told of after this long; chat takes over then (`task/lead.ts`). */
const PATIENCE_MS = 60_000
/** How often a position is stored by itself, without events. */
const STORE_POSITION_MS = 60_000

export type Follow = {
  start(storedPosition: unknown): void
  stop(): Promise<void>
  /** Up to when everything that was written has been read; now, while nothing can be read. */
  seenUpTo(): number
  isReadable(): boolean
  /** How far the log has been read, to be stored with what it gave. */
  row(): Row | undefined
}

export type FollowOptions = {
  server: string
  file: string
  pollMs: number
  timeZone: string | undefined
  lifecycle: LifecycleOptions
  /** Switched off where the clock is not the machine's. */
  watch?: boolean
}

export type FollowDeps = {
  clock: Clock
  log: Log
  take(observations: readonly Observation[]): Promise<void>
  advance(): void
  /** Stores a position that no event brought. */
  store(row: Row): void
  raise(code: NoticeCode, ...values: string[]): void
}

/** `timeZone`: as it was set when the times were wrong. */
type Stored = LogPosition & { file: string; aheadMs?: number; timeZone?: string }

/** A zone that is wrong can have another daylight saving time too. */
function widened(seen: Observation): Observation {
  return 'due' in seen && seen.due ? { ...seen, due: { ...seen.due, slackMs: 3_600_000 } } : seen
}

export function positionKey(server: string): string {
  return `log ${server}`
}

export function createFollow(options: FollowOptions, deps: FollowDeps): Follow {
  const { server, file, timeZone } = options
  const { clock, log } = deps
  let position: LogPosition | undefined
  let storedAt = Number.NEGATIVE_INFINITY
  let storedBody = ''
  let readable: boolean | undefined
  let caughtUpAt = Number.NEGATIVE_INFINITY
  /** The last line's own time. */
  let lineAt: number | undefined
  let saidWrong = false
  /** How far the last line's time was ahead of this machine's clock, where it was wrong; negative: behind. */
  let aheadMs: number | undefined
  let told = false
  let cancelTelling = () => {}

  const tail = createLogTail(
    { file, pollMs: options.pollMs, ...(options.watch !== undefined && { watch: options.watch }) },
    { clock, log },
    {
      first: records =>
        beginning(records).catch((error: unknown) => {
          log.error(
            { err: error, file },
            'the end of the log could not be looked through; it is followed from its end',
          )
          return undefined
        }),
      take: (records, reached) => {
        const seen = records.flatMap(record => observed(record) ?? [])
        position = reached
        return deps.take(seen)
      },
      caughtUp: (at, reached) => {
        caughtUpAt = at
        position = reached
        deps.advance()
        storeNowAndThen()
      },
      readable: tellReadable,
    },
  )

  function observed(record: LogRecord): Observation | undefined {
    const seen = observeLog(record, timeZone, lineAt)
    if (!seen) return undefined
    lineAt = seen.at
    const now = clock.now()
    const isLive = caughtUpAt > Number.NEGATIVE_INFINITY
    const isWrong = seen.at > now + MOST_WRONG_MS || (isLive && seen.at < caughtUpAt - MOST_WRONG_MS)
    // What was written while nobody watched is as wrong as what was seen last.
    if (!isLive && aheadMs !== undefined) return widened({ ...seen, at: Math.min(now, seen.at - aheadMs) })
    aheadMs = isWrong ? seen.at - now : undefined
    if (!isWrong) return seen
    if (!saidWrong) {
      const minutes = Math.round((seen.at - now) / 60_000)
      log.warn(
        { file },
        `the times in ${file} are ${Math.abs(minutes)} minutes ${minutes > 0 ? 'ahead of' : 'behind'} this machine's clock; the bridge goes by its own. Set servers[].timeZone to the zone of MCDReforged's machine, or set the clocks`,
      )
      saidWrong = true
    }
    return widened({ ...seen, at: now })
  }

  /** Where to begin in a log that was never read: at its end, or where the task began that runs. */
  async function beginning(records: AsyncIterable<readonly LogRecord[]>): Promise<number | undefined> {
    let state = initialState(server)
    let before: number | undefined
    let prelude: { start: number; at: number } | undefined
    let opened: { start: number; at: number } | undefined
    let heard = false
    for await (const batch of records) {
      for (const record of batch) {
        const seen = observeLog(record, timeZone, before)
        if (!seen) continue
        before = seen.at
        if (seen.type !== 'server_process') heard = true
        if (seen.type === 'schedule_triggered' || seen.type === 'restore_asked')
          prelude = { start: record.start, at: seen.at }
        const ran = state.backup ?? state.restore
        state = observe(state, seen, options.lifecycle).state
        const runs = state.backup ?? state.restore
        if (runs && runs.id !== ran?.id)
          opened =
            prelude && seen.at - prelude.at <= PRELUDE_MS ? prelude : { start: record.start, at: seen.at }
      }
    }
    const at = clock.now()
    await deps.take([
      { type: 'log_readable', readable: true, ...(heard && { heard }), at, source: 'log' },
      ...(state.processRuns === null
        ? []
        : [{ type: 'server_process', running: state.processRuns, at, source: 'log' } as const]),
    ])
    if (!heard)
      log.info({ file }, `${file} has no line of Prime Backup yet; they are told from the first one on`)
    const runs = state.backup !== null || state.restore !== null
    if (runs) return opened && at - opened.at <= PICK_UP_MS ? opened.start : undefined
    // Asked for a moment ago, and about to begin.
    const waits = state.asked !== null || state.triggeredAt !== null
    return waits && prelude && at - prelude.at <= PRELUDE_MS ? prelude.start : undefined
  }

  function tellReadable(now: boolean, reason = '') {
    const was = readable
    readable = now
    const wasSeenWhole = caughtUpAt > Number.NEGATIVE_INFINITY
    const at = !now && wasSeenWhole ? Math.min(clock.now(), caughtUpAt) : clock.now()
    void deps.take([{ type: 'log_readable', readable: now, at, source: 'log' }])
    cancelTelling()
    if (now) {
      if (was === false) log.info({ file }, `${file} can be read again`)
      if (told) deps.raise('log_readable', server)
      told = false
      return
    }
    log.warn({ file }, reason)
    cancelTelling = clock.after(PATIENCE_MS, () => {
      told = true
      deps.raise('log_unreadable', server, reason)
      deps.advance()
    })
  }

  function row(): Row | undefined {
    return (
      position && {
        table: 'position',
        source: positionKey(server),
        body: JSON.stringify({ file, ...position, ...(aheadMs !== undefined && { aheadMs, timeZone }) }),
      }
    )
  }

  function storeNowAndThen() {
    const now = row()
    if (now?.table !== 'position' || now.body === storedBody) return
    if (clock.monotonic() - storedAt < STORE_POSITION_MS) return
    storedAt = clock.monotonic()
    storedBody = now.body
    deps.store(now)
  }

  return {
    start: stored => {
      const found = readJson<Stored>(stored)
      if (found?.file === file && found.timeZone === timeZone) aheadMs = found.aheadMs
      tail.start(found?.file === file ? found : undefined)
    },
    stop: async () => {
      cancelTelling()
      await tail.stop()
      const last = row()
      if (last) deps.store(last)
    },
    isReadable: () => readable === true,
    seenUpTo: () => (readable === false ? clock.now() : caughtUpAt),
    row,
  }
}
