/** Prime Backup's schedule can rest while nobody is online; whether somebody is, pings tell while a backup may be due. */
import { readFileSync } from 'node:fs'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { oneError } from './outbox/error.ts'

/** A longer time in which a backup may be due is one of which nobody knows more. */
const SHORT_MS = 10 * 60_000
/** How often somebody is asked then. */
const MOST_OFTEN_MS = 10_000
const LEAST_OFTEN_MS = 5 * 60_000
/** How often it is said of a long one that the schedule may rest; less than the patience with what is due. */
const SAY_MS = 3_600_000

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
    /** The schedule may rest. */
    rested(): void
  },
): Rest {
  const { restWhenEmpty, file } = options
  const { clock, log } = deps
  if (restWhenEmpty === false || (restWhenEmpty === undefined && file === undefined))
    return { expect: () => {}, stop: () => {} }
  let awaited: { from: number; to: number } | null = null
  let saidAt = Number.NEGATIVE_INFINITY
  let wasEmpty = false
  let stopped = false
  let cancel = () => {}

  async function ask() {
    if (!awaited || !(restWhenEmpty ?? requiresPlayers(file, log))) return
    const asked = awaited
    const online = await deps.players()
    if (awaited !== asked) return
    const now = clock.now()
    const lastsMs = asked.to - asked.from
    // Who can't be counted may have been absent: nothing is concluded.
    const isEmpty = online === undefined || online <= 0
    const isTime = lastsMs <= SHORT_MS || now - saidAt >= SAY_MS
    // The last word of a time without players is said when the first of them is there.
    const isSaid = isEmpty ? isTime : wasEmpty
    wasEmpty = isEmpty && !isSaid
    if (isSaid) {
      saidAt = now
      deps.rested()
    }
    if (awaited !== asked || now >= asked.to) return
    const pauseMs = Math.min(Math.max(lastsMs / 4, MOST_OFTEN_MS), LEAST_OFTEN_MS)
    cancel = clock.after(Math.min(pauseMs, asked.to - now), () => void ask())
  }

  return {
    expect: window => {
      if (stopped || (window?.from === awaited?.from && window?.to === awaited?.to)) return
      cancel()
      awaited = window
      if (window) cancel = clock.after(Math.max(0, window.from - clock.now()), () => void ask())
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
