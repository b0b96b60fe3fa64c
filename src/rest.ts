/** Prime Backup's schedule can rest while nobody is online; whether somebody is, pings tell while a backup may be due. */
import { readFileSync } from 'node:fs'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { oneError } from './outbox/error.ts'

/** Somebody is asked a little before a backup may come, since that comes within the second. */
const EARLY_MS = 30_000
/** How often then; and how often where nobody knows more of when it comes. */
const MOST_OFTEN_MS = 10_000
const LEAST_OFTEN_MS = 5 * 60_000
/** Who was not asked for longer may have been away. */
const GAP_MS = LEAST_OFTEN_MS + 60_000

export type Rest = {
  /** From when to when the next scheduled backup may come, as far as anybody can say; the same again changes nothing. */
  expect(window: { from: number; to: number } | null): void
  stop(): void
}

export function createRest(
  options: {
    /** What the bridge's config says; undefined leaves it to Prime Backup's. */
    restWhenEmpty: boolean | undefined
    /** Prime Backup's config file, where it is known. */
    file: string | undefined
  },
  deps: {
    clock: Clock
    log: Log
    /** How many players are online beside the bot; undefined where nobody can say. */
    players(): Promise<number | undefined>
    /**
     * Players are online, or none are needed; `anew`: nobody had asked for a while. Told when it changes, and at the end
     * of a time in which they were not there all the while.
     */
    awake(awake: boolean, anew: boolean): void
  },
): Rest {
  const { restWhenEmpty, file } = options
  const { clock, log } = deps
  if (restWhenEmpty === false || (restWhenEmpty === undefined && file === undefined))
    return { expect: () => {}, stop: () => {} }
  let awaited: { from: number; to: number } | null = null
  /** As Prime Backup's config had it when this was first asked of what is awaited. */
  let isNeeded: boolean | undefined
  let wasAwake: boolean | undefined
  let awakeSince = Number.POSITIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY
  let stopped = false
  let cancel = () => {}

  async function ask() {
    const asked = awaited
    if (!asked) return
    isNeeded ??= restWhenEmpty ?? requiresPlayers(file, log)
    const online = isNeeded ? await deps.players() : undefined
    if (awaited !== asked) return
    // Who can't be counted may be absent: nothing is concluded.
    const isAwake = !isNeeded || (online ?? 0) > 0
    const isAnew = clock.monotonic() - askedAt > GAP_MS
    askedAt = clock.monotonic()
    const now = clock.now()
    const isNew = isAwake !== wasAwake || (isAwake && isAnew)
    if (isNew) awakeSince = now
    wasAwake = isAwake
    const isOver = now >= asked.to
    // At the end it is told whether they were there all the time.
    if (isNew || (isOver && (!isAwake || awakeSince > asked.from))) deps.awake(isAwake, isAnew)
    if (awaited !== asked || isOver) return
    const pauseMs = Math.min(Math.max((asked.to - asked.from) / 4, MOST_OFTEN_MS), LEAST_OFTEN_MS)
    cancel = clock.after(Math.min(pauseMs, asked.to - now), () => void ask())
  }

  return {
    expect: window => {
      if (stopped || (window?.from === awaited?.from && window?.to === awaited?.to)) return
      cancel()
      awaited = window
      isNeeded = undefined
      if (window) cancel = clock.after(Math.max(0, window.from - EARLY_MS - clock.now()), () => void ask())
    },
    stop: () => {
      stopped = true
      awaited = null
      cancel()
    },
  }
}

/** Prime Backup's own setting; where its file can't be read, the careful answer. */
function requiresPlayers(file: string | undefined, log: Log): boolean {
  try {
    const config = JSON.parse(readFileSync(file ?? '', 'utf8')) as {
      scheduled_backup?: { require_online_players?: unknown }
    }
    return config.scheduled_backup?.require_online_players === true
  } catch (error) {
    log.warn({ file }, `Prime Backup's config can't be read (${oneError(error)}); check primeBackup.config`)
    return true
  }
}
