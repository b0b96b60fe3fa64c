/**
 * Which source is believed of the lines that both show. One rule, in this one place:
 *
 *   The log leads where it is followed. Chat leads where it is not, and takes over when the log could not be read for
 *   TAKEOVER_MS, or when the log has never shown a line of Prime Backup (PB) and a line that chat showed is that old.
 *   The log leads again as soon as it can be read (and has shown a line of PB).
 *
 * While the log leads, what chat shows is held, so that chat can begin where the log ended. While chat leads, what it
 * showed is noted, so that the log's copies, which come when it can be read again, are dropped. What only one of the
 * two can show is always believed: commands of chat, and what the log says of a task beyond PB's chat lines.
 */
import type { Observation } from '../observation.ts'

/** How long the log may be away before chat takes over (issue 5). */
const TAKEOVER_MS = 60_000
/** The two copies of a line are this near in time at most, and in either order (prime-backup.md section 3). */
const COPY_MS = 5_000
/** Lines this much older than the log's last sight may be missing there: they were not yet written. */
const UNWRITTEN_MS = 2_000
/** What the log has not shown by then while it could be read is no line of PB's. */
const HOLD_MS = 90_000
const MAX_HELD = 100
const MAX_NOTED = 200

export type Lead = {
  by: 'chat' | 'log'
  /** A log is configured. */
  follows: boolean
  /** It has shown a line of PB: it is the right file. */
  heard: boolean
  /** Until when the log was seen whole, while it can't be read. */
  lostAt: number | null
  /** What chat showed and the log has not, while the log leads. */
  held: Observation[]
  /** What the log showed of late and chat has not, while the log leads. */
  shown: Note[]
  /** What chat showed while it led. */
  noted: Note[]
}

type Note = { line: string; at: number }

export function initialLead(): Lead {
  return { by: 'chat', follows: false, heard: false, lostAt: null, held: [], shown: [], noted: [] }
}

/** The lines that PB shows in chat and in the log alike. */
const SHOWN_BY_BOTH: ReadonlySet<Observation['type']> = new Set([
  'backup_started',
  'backup_completed',
  'backup_ended',
  'schedule_triggered',
  'schedule_failed',
  'schedule_completed',
  'schedule_skipped',
  'timer_reset',
  'restore_asked',
  'restore_declined',
  'restore_countdown',
  'restore_aborted',
])

/** Commands, and what a ping says of the players. */
const ONLY_IN_CHAT: ReadonlySet<Observation['type']> = new Set(['command', 'reload_asked', 'schedule_awake'])

/** Whether an observation is to be believed now; notes or holds it where that is another source's turn. */
export function isBelieved(lead: Lead, seen: Observation): boolean {
  if (seen.source === 'database' || ONLY_IN_CHAT.has(seen.type)) return true
  if (seen.source === 'log') return hearLog(lead, seen)
  if (lead.by === 'log') {
    hold(lead, seen)
    return false
  }
  if (lead.follows && SHOWN_BY_BOTH.has(seen.type))
    lead.noted = [...lead.noted, noteOf(seen)].slice(-MAX_NOTED)
  return true
}

function hold(lead: Lead, seen: Observation): void {
  const shown = without(lead.shown, isCopyOf(seen))
  const wasShown = shown.length < lead.shown.length
  lead.shown = shown
  if (wasShown) return
  const oldest = seen.at - HOLD_MS
  lead.held = [...lead.held.filter(held => held.at > oldest || lead.lostAt !== null), seen].slice(-MAX_HELD)
}

function hearLog(lead: Lead, seen: Observation): boolean {
  if (seen.type === 'log_readable') {
    if (seen.heard) lead.heard = true
    if (seen.readable) {
      lead.lostAt = null
      if (lead.heard || lead.noted.length === 0) lead.by = 'log'
    } else lead.lostAt ??= seen.at
    lead.follows = true
    return false
  }
  if (seen.type === 'server_process') return true
  lead.heard = true
  lead.by = 'log'
  lead.lostAt = null
  // The log's lines come in order: what is older by now has no copy in it, and none to come.
  const isRecent = ({ at }: Note) => at >= seen.at - COPY_MS
  lead.shown = lead.shown.filter(isRecent)
  if (!SHOWN_BY_BOTH.has(seen.type)) return true
  const noted = without(lead.noted, isCopyOf(seen))
  const wasTold = noted.length < lead.noted.length
  lead.noted = noted.filter(isRecent)
  if (wasTold) return false
  const held = without(lead.held, held => isCopyOf(seen)(noteOf(held)))
  if (held.length === lead.held.length) lead.shown = [...lead.shown, noteOf(seen)].slice(-MAX_NOTED)
  lead.held = held
  return true
}

/** When chat takes over, if the log does not come back before. */
export function takeoverAt(lead: Lead): number | undefined {
  if (!lead.follows || lead.by === 'chat') return undefined
  if (lead.lostAt !== null) return lead.lostAt + TAKEOVER_MS
  const first = lead.heard ? undefined : lead.held.find(({ type }) => SHOWN_BY_BOTH.has(type))
  return first && first.at + TAKEOVER_MS
}

/** Chat leads from here on; returns what it has shown since the log ended. */
export function takeOver(lead: Lead): Observation[] {
  const since = (lead.lostAt ?? Number.NEGATIVE_INFINITY) - UNWRITTEN_MS
  const missing = lead.held.filter(({ at }) => at >= since)
  lead.by = 'chat'
  lead.held = []
  lead.shown = []
  lead.noted = missing.filter(({ type }) => SHOWN_BY_BOTH.has(type)).map(noteOf)
  return missing
}

function noteOf(seen: Observation): Note {
  return { line: lineOf(seen), at: seen.at }
}

function isCopyOf(seen: Observation): (note: Note) => boolean {
  const line = lineOf(seen)
  return note => note.line === line && Math.abs(note.at - seen.at) <= COPY_MS
}

/** Two copies of a line have the same. Texts of players are left out: the two may show them differently. */
function lineOf(seen: Observation): string {
  const id = 'backup' in seen ? seen.backup.id : undefined
  const more = 'secondsLeft' in seen ? seen.secondsLeft : 'next' in seen ? seen.next : undefined
  const message = 'message' in seen ? seen.message : undefined
  return [seen.type, id, more, message].filter(part => part !== undefined).join(' ')
}

/** All but the first that matches. */
function without<T>(items: T[], matches: (item: T) => boolean): T[] {
  const index = items.findIndex(matches)
  return index < 0 ? items : items.toSpliced(index, 1)
}
