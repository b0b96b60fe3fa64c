import { systemClock } from '../clock.ts'
import { loadStateDir } from '../config.ts'
import { webhookId } from '../delivery/signature.ts'
import { openReader, readDeliveries, type StoredDelivery } from '../outbox/read.ts'
import { jsonLine, localTime, relativeTime, renderTable } from './table.ts'
import { readSince, UsageError } from './usage.ts'

type Values = { [name: string]: string | boolean | undefined }

const STATES = ['dead', 'waiting', 'paused', 'delivered', 'digested', 'expired', 'dropped']

/** Lists deliveries, oldest first. */
export async function deliveries({ config, state, endpoint, since, json }: Values): Promise<number> {
  const now = systemClock.now()
  if (state !== undefined && !STATES.includes(String(state)))
    throw new UsageError(`--state ${String(state)} is unknown; write one of ${STATES.join(', ')}`)
  const sinceAt = since === undefined ? 0 : readSince(since, now)
  const database = openReader(loadStateDir(String(config), process.env))
  try {
    const found = readDeliveries(database, {
      sinceAt,
      ...(typeof state === 'string' && { state }),
      ...(typeof endpoint === 'string' && { endpoint }),
    })
    if (json) for (const delivery of found) process.stdout.write(`${jsonLine(toJson(delivery))}\n`)
    else if (found.length === 0) process.stdout.write('no such delivery\n')
    else
      process.stdout.write(
        `${renderTable(
          HEAD,
          found.map(delivery => toRow(delivery, now)),
        )}\n`,
      )
  } finally {
    database.close()
  }
  return 0
}

const HEAD = ['TIME', 'AGE', 'STATE', 'ENDPOINT', 'SERVER', 'EVENT', 'TRIES', 'NEXT', 'ID', 'REASON']

function toRow(delivery: StoredDelivery, now: number): string[] {
  const { shown, eventAt, endpoint, server, event, attempts, dueAt, id, why, reason } = delivery
  const said = [why, reason?.text].filter(text => text !== undefined).join(': ')
  return [
    localTime(eventAt),
    relativeTime(eventAt, now),
    shown,
    endpoint,
    server || '-',
    event,
    String(attempts),
    shown === 'waiting' ? relativeTime(Math.max(dueAt, now), now) : '-',
    id,
    shown === 'delivered' ? '' : said,
  ]
}

function toJson(delivery: StoredDelivery): object {
  const { id, eventId, endpoint, shown, event, server, attempts, why, reason, tries } = delivery
  return {
    id,
    webhook_id: webhookId(id),
    event_id: eventId,
    endpoint,
    state: shown,
    event,
    server,
    event_at: isoTime(delivery.eventAt),
    created_at: isoTime(delivery.createdAt),
    due_at: shown === 'waiting' || shown === 'paused' ? isoTime(delivery.dueAt) : null,
    ended_at: delivery.endedAt === null ? null : isoTime(delivery.endedAt),
    attempts,
    why: why ?? null,
    reason: reason ?? null,
    tries: tries.map(({ startedAt, tookMs, ...rest }) => ({
      started_at: isoTime(startedAt),
      ...rest,
      took_ms: tookMs ?? null,
    })),
  }
}

function isoTime(at: number): string {
  return new Date(at).toISOString()
}
