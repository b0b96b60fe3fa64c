/**
 * The bridge's two sources, as far as they need a socket or a file in earnest: the bot that joins, is kept out and comes
 * back (`source/bot.ts`), and the log that is polled, can't be read, and is read on (`follow.ts`).
 */
import type { NoticeCode } from '../../src/notices.ts'
import type { Observation } from '../../src/observation.ts'
import { observeChat, observeLog } from '../../src/observe.ts'
import type { LogEntry } from '../../src/primebackup/log.ts'
import { readChatPacket } from '../../src/source/chat.ts'
import type { Tracker } from '../../src/tracker.ts'
import type { LeapingClock } from './clock.ts'
import { type Dice, MINUTE, type Plan } from './plan.ts'
import type { Outside } from './primebackup.ts'
import { chatPacket, typedPacket } from './text.ts'
import { traceOf } from './trace.ts'

const POLL_MS = 1_000
/** `follow.ts` says so after a minute. */
const PATIENCE_MS = MINUTE
/** A live line that is older is dated by the bridge's clock. */
const MOST_WRONG_MS = 10 * MINUTE
const PING_MS = 5 * MINUTE

type Bridge = { tracker: Tracker; look(): void; raise(code: NoticeCode): void }

export type Eyes = ReturnType<typeof createEyes>

export function createEyes(plan: Plan, clock: LeapingClock, { between, chance }: Dice) {
  const hasBot = plan.source !== 'log'
  const hasLog = plan.source !== 'chat'
  const rules = {
    prefix: '!!pb',
    chatPatterns: [],
    ...(plan.timeZone !== undefined && { timeZone: plan.timeZone }),
  }
  const traces = { bot: traceOf(false), log: traceOf(hasLog) }
  let bridge: Bridge | undefined
  let serverRuns = false

  /* The bot */

  let plays = false
  let keptOut = 0
  let cancelJoin = () => {}
  let cancelPing = () => {}

  function ping() {
    cancelPing()
    if (!bridge || !hasBot || plays) return
    bridge.tracker.take({ type: 'ping', answered: serverRuns })
    bridge.look()
    cancelPing = clock.after(PING_MS, ping)
  }

  function join() {
    if (!bridge || !hasBot || plays || !serverRuns || keptOut > 0) return
    ping()
    cancelPing()
    plays = true
    traces.bot.set(clock.now(), true)
    bridge.tracker.take({ type: 'attached' })
    bridge.look()
  }

  /** It tries again less and less often. */
  function joinSoon() {
    cancelJoin()
    cancelJoin = clock.after(between(0.1, chance(0.2) ? 5 : 1) * MINUTE, join)
  }

  function leave() {
    cancelJoin()
    if (!plays) return
    plays = false
    traces.bot.set(clock.now(), false)
    if (!bridge) return
    if (!serverRuns && chance(0.7)) bridge.tracker.take({ type: 'server_stopping' })
    bridge.tracker.take({ type: 'detached' })
    bridge.look()
    cancelPing = clock.after(5_000, ping)
  }

  function hear(message: ReturnType<typeof readChatPacket>) {
    const fact = message && bridge && plays && observeChat(message, rules, clock.now())
    if (fact) bridge?.tracker.take(fact)
  }

  /* The log */

  const lines: LogEntry[] = []
  let read = 0
  let lineAt: number | undefined
  let hidden = 0
  /** What the bridge knows. */
  let readable: boolean | undefined
  let polledAt = Number.NEGATIVE_INFINITY
  let isFirst = true
  let isPolling = false
  let toldUnreadable = false
  let cancelPoll = () => {}
  let cancelTelling = () => {}

  function pollSoon() {
    if (!bridge || !hasLog || isPolling) return
    isPolling = true
    cancelPoll = clock.after(POLL_MS, poll)
  }

  /** As `follow.ts` has it: in an hour that exists twice, a live line may be read as the earlier one. */
  function dated(entry: LogEntry): Observation | undefined {
    const seen = observeLog(entry, plan.timeZone, lineAt)
    if (!seen) return undefined
    lineAt = seen.at
    const isWrong = readable === true && seen.at < polledAt - MOST_WRONG_MS
    return isWrong ? { ...seen, at: clock.now() } : seen
  }

  function poll() {
    isPolling = false
    if (!bridge) return
    const { tracker, raise, look } = bridge
    if (hidden > 0) return lose()
    const at = clock.now()
    const entries = lines.slice(read)
    read = lines.length
    if (isFirst) {
      // `follow.ts` begins at the end, and looks through what is before it.
      isFirst = false
      void tracker.takeLog([
        { type: 'log_readable', readable: true, heard: true, at, source: 'log' },
        { type: 'server_process', running: serverRuns, at, source: 'log' },
      ])
    } else if (entries.length > 0) {
      void tracker.takeLog(entries.flatMap(entry => dated(entry) ?? []))
    }
    if (readable !== true) void tracker.takeLog([{ type: 'log_readable', readable: true, at, source: 'log' }])
    readable = true
    cancelTelling()
    if (toldUnreadable) raise('log_readable')
    toldUnreadable = false
    polledAt = at
    tracker.advance()
    look()
  }

  function lose() {
    if (!bridge || readable === false) return
    const { tracker, raise, look } = bridge
    const at = polledAt > Number.NEGATIVE_INFINITY ? Math.min(clock.now(), polledAt) : clock.now()
    readable = false
    void tracker.takeLog([{ type: 'log_readable', readable: false, at, source: 'log' }])
    cancelTelling = clock.after(PATIENCE_MS, () => {
      toldUnreadable = true
      raise('log_unreadable')
      tracker.advance()
      look()
    })
  }

  return {
    outside: {
      log: (head, rest = '') => {
        lines.push({ head, rest })
        // Nothing new is read before the next poll; what stood there was.
        if (readable === true && lines.length === read + 1) polledAt = clock.now() - 1
        if (hidden === 0 && readable === true) pollSoon()
      },
      chat: text => hear(readChatPacket('system_chat', chatPacket(text))),
      typed: text => hear(readChatPacket('player_chat', typedPacket(text))),
      server: runs => {
        serverRuns = runs
        if (runs) joinSoon()
        else leave()
      },
    } satisfies Outside,
    plays: () => plays,
    isReadable: () => readable === true,
    seenUpTo: () => {
      if (readable === false) return clock.now()
      return readable === true && read === lines.length ? clock.now() : polledAt
    },
    keepBotOut: (ms: number) => {
      keptOut += 1
      leave()
      clock.after(ms, () => {
        keptOut -= 1
        joinSoon()
      })
    },
    hideLog: (ms: number) => {
      hidden += 1
      traces.log.set(clock.now(), false)
      if (readable === true && read === lines.length) polledAt = clock.now()
      pollSoon()
      clock.after(ms, () => {
        hidden -= 1
        if (hidden > 0) return
        traces.log.set(clock.now(), true)
        pollSoon()
      })
    },
    /** The bridge starts. */
    open: (started: Bridge) => {
      bridge = started
      readable = undefined
      polledAt = Number.NEGATIVE_INFINITY
      pollSoon()
      joinSoon()
      if (hasBot) cancelPing = clock.after(1_000, ping)
    },
    /** It stops, or dies: nothing more is told to it. */
    close: () => {
      bridge = undefined
      isPolling = false
      plays = false
      traces.bot.set(clock.now(), false)
      for (const cancel of [cancelJoin, cancelPing, cancelPoll, cancelTelling]) cancel()
    },
    traces,
  }
}
