/** The vocabulary of what people are told: the six lifecycle events and the facts that they carry. */
import type { Text } from './language.ts'

/** The public names, in the order in which the fork lists them (facts/compat.md section 1). */
export const EVENT_NAMES = [
  'backup_start',
  'backup_success',
  'backup_failure',
  'restore_start',
  'restore_success',
  'restore_failure',
] as const

export type EventName = (typeof EVENT_NAMES)[number]
/** What the bridge says of itself; only to endpoints that want it. */
export const NOTICE = 'bridge_notice'

export type TaskKind = 'backup' | 'restore' | 'bridge'
export type EventStatus = 'start' | 'success' | 'failure' | 'notice'

/** A value that JSON can hold; `extra` is open to more keys later. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** What is known of a backup. Chat knows the id and rounded sizes; the rest comes from PB's log and database. */
export type BackupFacts = {
  id?: number
  /** `YYYY-MM-DD HH:MM:SS`, the server's local time. */
  date?: string
  comment?: string
  /** `type:name`, PB's own form. */
  creator?: string
  targets?: string[]
  tags?: { [key: string]: Json }
  fileCount?: number
  rawBytes?: number
  storedBytes?: number
}

/** Who caused a task, in PB's own terms: `player`, `console`, `command_source`, or a plugin id. */
export type Operator = { type: string; name: string }

/** Where the command came from, as the fork's `source`. */
export type CommandSource = { type: string; name: string }

/** How a backup is unlike those before it. */
export type Anomaly = {
  /** What is unlike: the size of all files, or how long it took. */
  of: 'size' | 'duration'
  /** To the median of those before it: 0.5 is half. */
  ratio: number
  compared: number
}

export type LifecycleEvent = {
  /** Made from the task's id; the same on every replay of the same input. */
  id: string
  taskId: string
  name: EventName | typeof NOTICE
  /** When it happened, epoch milliseconds. */
  at: number
  /** The server's name in the config. */
  server: string
  /** Whether the game server was running; null when nobody could see. */
  running: boolean | null
  backup?: BackupFacts
  operator?: Operator
  source?: CommandSource
  /** Seconds, on success only. */
  costS?: number
  /** A word of compat.md section 2 (`aborted` …), of the corpus (`outcome_unknown` …), or `manual_test`. */
  message?: string
  error?: { type: string; message: string }
  /**
   * Of an end: how many tasks of its kind failed in a row up to it, and when the first did (epoch milliseconds). On a
   * failure it counts itself; on a success it is there where failures came before. Not in the payload.
   */
  streak?: { failures: number; since: number }
  /** Of a success that is unlike those before it. Not in the payload but for its text. */
  anomaly?: Anomaly
  /** Of a digest: the events that were held, the first of them where there are many. Not in the payload. */
  digest?: LifecycleEvent[]
  /** What a notice says, with the remedy; on notices only. `code` is stable. */
  notice?: { code: string; text: Text }
  extra?: { [key: string]: Json }
}

/** The message of an event that a person asked for by `!!pb test notify`. */
export const TEST_MESSAGE = 'manual_test'

export function taskOf(name: LifecycleEvent['name']): TaskKind {
  if (name === NOTICE) return 'bridge'
  return name.startsWith('backup_') ? 'backup' : 'restore'
}

export function statusOf(name: LifecycleEvent['name']): EventStatus {
  return name === NOTICE ? 'notice' : (name.slice(name.indexOf('_') + 1) as EventStatus)
}

export function isEventName(text: string): text is EventName {
  return (EVENT_NAMES as readonly string[]).includes(text)
}

/**
 * True when nobody can say how the task ended: its deadline passed, or its end was inferred while the bridge
 * could not watch all the time. People are told "outcome unknown", never "failed".
 */
export function isOutcomeUnknown(event: LifecycleEvent): boolean {
  return (
    statusOf(event.name) === 'failure' &&
    (event.message === 'outcome_unknown' ||
      (event.message === 'no_completion' && event.extra?.watched === false))
  )
}
