/** The webhook payload: what the fork sends (facts/compat.md section 2), and new keys after `desp`. */
import {
  type BackupFacts,
  type CommandSource,
  type EventStatus,
  type Json,
  type LifecycleEvent,
  type Operator,
  statusOf,
  type TaskKind,
  taskOf,
} from '../event.ts'
import type { Language } from '../language.ts'
import { toMessage } from './message.ts'

/** Who sends: the id and version of `plugin.json`. */
export type Plugin = { id: string; version: string }

export type Payload = {
  event: LifecycleEvent['name']
  task: TaskKind
  status: EventStatus
  /** When it happened. */
  timestamp: { unix: number; iso: string }
  plugin: Plugin
  server: { running: boolean | null; name: string }
  backup?: {
    id?: number
    date?: string
    comment?: string
    creator?: string
    targets?: string[]
    tags?: { [key: string]: Json }
    file_count?: number
    raw_size?: number
    stored_size?: number
  }
  operator?: Operator & { full: string }
  source?: CommandSource
  cost_s?: number
  message?: string
  error?: { type: string; message: string }
  /** Stable name of what a notice is about; on notices only. */
  code?: string
  extra?: { [key: string]: Json }
  title: string
  body: string
  desp: string
  /** The same on every attempt and every replay. */
  id: string
  task_id: string
}

/**
 * The keys come in this order in the JSON; what is not known is left out. `lateMs`: how long after the event it is
 * told, where that is so long that the text must say so. `tellsStreak`: the text says how many failures came in a row.
 */
export function toPayload(
  event: LifecycleEvent,
  context: { plugin: Plugin; language: Language; lateMs?: number; tellsStreak?: boolean },
): Payload {
  const { plugin, language } = context
  const { backup, operator, source, costS, message, error, extra } = event
  const facts = backup && backupOf(backup)
  return {
    event: event.name,
    task: taskOf(event.name),
    status: statusOf(event.name),
    timestamp: {
      unix: event.at / 1000,
      iso: new Date(event.at).toISOString().replace('.000Z', 'Z'),
    },
    plugin: { id: plugin.id, version: plugin.version },
    server: { running: event.running, name: event.server },
    ...(facts && Object.keys(facts).length > 0 && { backup: facts }),
    ...(operator && {
      operator: { type: operator.type, name: operator.name, full: `${operator.type}:${operator.name}` },
    }),
    ...(source && { source: { type: source.type, name: source.name } }),
    ...(costS !== undefined && { cost_s: Math.round(costS * 1000) / 1000 }),
    ...(message !== undefined && { message }),
    ...(error && { error: { type: error.type, message: error.message } }),
    ...(event.notice && { code: event.notice.code }),
    ...(extra && Object.keys(extra).length > 0 && { extra }),
    ...toMessage(event, language, context.lateMs, context.tellsStreak),
    id: event.id,
    task_id: event.taskId,
  }
}

function backupOf(facts: BackupFacts): Payload['backup'] {
  const row = {
    id: facts.id,
    date: facts.date,
    comment: facts.comment,
    creator: facts.creator,
    targets: facts.targets,
    tags: facts.tags,
    file_count: facts.fileCount,
    raw_size: facts.rawBytes,
    stored_size: facts.storedBytes,
  }
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined))
}
