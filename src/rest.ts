/** Prime Backup's schedule can rest while nobody is online; whether somebody is, a ping tells when a backup is due. */
import { readFileSync } from 'node:fs'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { oneError } from './outbox/error.ts'

export type Rest = {
  /** When the next scheduled backup is due, as far as anybody can say. */
  expect(dueAt: number | null): void
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
  let awaited: number | null = null
  let stopped = false
  let cancel = () => {}

  async function ask() {
    if (!(restWhenEmpty ?? requiresPlayers(file, log))) return
    const asked = awaited
    const online = await deps.players()
    // Who can't be counted may have been absent: nothing is concluded.
    if (awaited === asked && (online === undefined || online <= 0)) deps.rested()
  }

  return {
    expect: dueAt => {
      if (stopped || dueAt === awaited) return
      cancel()
      awaited = dueAt
      if (dueAt !== null) cancel = clock.after(Math.max(0, dueAt - clock.now()), () => void ask())
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
