import { systemClock } from '../clock.ts'
import { loadStateDir } from '../config.ts'
import { openReader, readEvents, type StoredEvent } from '../outbox/read.ts'
import { jsonLine, localTime, relativeTime, renderTable } from './table.ts'
import { readSince } from './usage.ts'

type Values = { [name: string]: string | boolean | undefined }

/** Lists what happened, oldest first, and what came of telling it. */
export async function events({ config, since, json }: Values): Promise<number> {
  const now = systemClock.now()
  const sinceAt = readSince(since, now)
  const database = openReader(loadStateDir(String(config), process.env))
  try {
    const found = [...readEvents(database, { sinceAt })]
    if (json) for (const event of found) process.stdout.write(`${jsonLine(toJson(event))}\n`)
    else if (found.length === 0) process.stdout.write(`no event in the last ${String(since)}\n`)
    else
      process.stdout.write(
        `${renderTable(
          HEAD,
          found.map(event => toRow(event, now)),
        )}\n`,
      )
  } finally {
    database.close()
  }
  return 0
}

const HEAD = ['TIME', 'AGE', 'SERVER', 'EVENT', 'BACKUP', 'DELIVERIES', 'ID', 'MESSAGE']

function toRow({ id, at, event, deliveries }: StoredEvent, now: number): string[] {
  const counts = new Map<string, number>()
  for (const { state } of deliveries) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [
    localTime(at),
    relativeTime(at, now),
    event?.server || '-',
    event?.name ?? 'unreadable',
    event?.backup?.id === undefined ? '-' : `#${event.backup.id}`,
    [...counts].map(([state, count]) => `${count} ${state}`).join(', ') || 'none',
    id,
    event?.notice?.text.en_us ?? event?.message ?? '',
  ]
}

function toJson({ id, at, event, deliveries }: StoredEvent): object {
  return { id, at: new Date(at).toISOString(), event: event ?? null, deliveries }
}
