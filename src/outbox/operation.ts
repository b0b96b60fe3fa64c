/** What a person may have done with deliveries, and what came of it: the same on a running bridge and on a stopped one. */
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { statusOf } from '../event.ts'
import type { Delivery } from './delivery.ts'
import type { Outbox } from './outbox.ts'
import { readDelivery, strippedDelivery } from './row.ts'
import type { Store } from './store.ts'

const verb = z.enum(['resend', 'drop'])

export const operationSchema = z.union([
  /** One delivery, or all of one event; the beginning of the id is enough where it is the only one. */
  z.strictObject({ type: verb, id: z.string().min(1).max(4096) }),
  z.strictObject({ type: verb, dead: z.literal(true), endpoint: z.string().optional() }),
  z.strictObject({ type: z.literal('resume'), endpoint: z.string() }),
])

export type Operation = z.output<typeof operationSchema>

export const appliedSchema = z.object({
  changed: z.number(),
  /** Of the changed ones, the first. */
  ids: z.array(z.string()),
  failed: z.number(),
  /** Of the failed ones, the first; or why nothing was done at all. */
  reasons: z.array(z.string()),
  /** What else a person should know. */
  notes: z.array(z.string()),
})

export type Applied = z.output<typeof appliedSchema>

export type OperationDeps = {
  outbox: Outbox
  store: Store
  clock: Clock
  startExpiryMs: number
}

/** Put in one turn, so that they share a commit. */
const AT_ONCE = 250
/** An answer names no more. */
const MOST_NAMED = 20

/** A request of another process: it may be anything. Throws where it is none of the operations. */
export function applyRequest(request: unknown, deps: OperationDeps): Promise<Applied> {
  const parsed = operationSchema.safeParse(request)
  if (!parsed.success) throw new Error('the request is none that this bridge knows')
  return applyOperation(parsed.data, deps)
}

export async function applyOperation(operation: Operation, deps: OperationDeps): Promise<Applied> {
  if (operation.type === 'resume') return resume(operation.endpoint, deps.outbox)
  // What waits for the disk counts too.
  if (!deps.store.flush()) return refused("the store can't be written now; mend the disk, then try again")
  const chosen = deps.store.read(database =>
    'id' in operation ? findById(database, operation.id) : findDead(database, operation.endpoint),
  )
  if (!chosen) return refused("the store can't be read now; mend the disk, then try again")
  if ('reason' in chosen) return refused(chosen.reason)
  const changed: Delivery[] = []
  const faults: { id: string; reason: string; over: boolean }[] = []
  for (let start = 0; start < chosen.deliveries.length; start += AT_ONCE) {
    const batch = chosen.deliveries.slice(start, start + AT_ONCE).map(async delivery => {
      const fault = await applyOne(operation.type, delivery, deps)
      if (fault) faults.push({ id: delivery.id, ...fault })
      else changed.push(delivery)
    })
    await Promise.all(batch)
  }
  // That one delivery of an event is over already is no fault where another was not.
  const told = changed.length > 0 ? faults.filter(({ over }) => !over) : faults
  const notes = operation.type === 'resend' ? pausedNotes(changed, deps.outbox) : []
  return {
    changed: changed.length,
    ids: changed.slice(0, MOST_NAMED).map(({ id }) => id),
    failed: told.length,
    reasons: told.slice(0, MOST_NAMED).map(({ id, reason }) => `${id}: ${reason}`),
    notes,
  }
}

type Fault = { reason: string; over: boolean }

async function applyOne(
  type: 'resend' | 'drop',
  delivery: Delivery,
  { outbox, clock, startExpiryMs }: OperationDeps,
): Promise<Fault | undefined> {
  const { id, endpoint, event, eventAt } = delivery
  // What was being sent when a bridge died waits again in the outbox, whatever the disk still says.
  const state = outbox.stateOf(id) ?? delivery.state
  if (state === 'sending') return { reason: 'it is being sent right now', over: false }
  if (type === 'drop') {
    if (state !== 'waiting' && state !== 'dead') return { reason: `it is ${state} already`, over: true }
    return (await outbox.drop(id)) ? undefined : { reason: 'its record is unreadable', over: false }
  }
  if (!outbox.status().some(known => known.endpoint === endpoint))
    return { reason: `endpoint ${endpoint} is not in the config, or not enabled`, over: false }
  if (statusOf(event) === 'start' && clock.now() - eventAt > startExpiryMs)
    return { reason: 'a start this old is worth nothing; it would expire unsent', over: true }
  return (await outbox.resend(id)) ? undefined : { reason: 'its record is unreadable', over: false }
}

async function resume(endpoint: string, outbox: Outbox): Promise<Applied> {
  const known = outbox.status()
  const before = known.find(status => status.endpoint === endpoint)
  if (!before || !(await outbox.resume(endpoint))) {
    const names = known.map(status => status.endpoint).join(', ')
    return refused(`no enabled endpoint is named "${endpoint}"; the config has ${names || 'none'}`)
  }
  const notes = before.pausedAt === null ? [`endpoint ${endpoint} was not paused`] : []
  return { changed: 1, ids: [endpoint], failed: 0, reasons: [], notes }
}

function refused(reason: string): Applied {
  return { changed: 0, ids: [], failed: 0, reasons: [reason], notes: [] }
}

function pausedNotes(deliveries: readonly Delivery[], outbox: Outbox): string[] {
  return outbox
    .status()
    .filter(
      status => status.pausedAt !== null && deliveries.some(({ endpoint }) => endpoint === status.endpoint),
    )
    .map(
      ({ endpoint }) =>
        `endpoint ${endpoint} is paused, so they wait; to end that: pb-bridge resume ${endpoint}`,
    )
}

type Chosen = { deliveries: Delivery[] } | { reason: string }

function findDead(database: DatabaseSync, endpoint: string | undefined): Chosen {
  const rows =
    endpoint === undefined
      ? database.prepare("SELECT * FROM delivery WHERE state = 'dead' ORDER BY created_at").all()
      : database
          .prepare("SELECT * FROM delivery WHERE state = 'dead' AND endpoint = ? ORDER BY created_at")
          .all(endpoint)
  if (rows.length > 0) return { deliveries: rows.map(deliveryOf) }
  return {
    reason: `there is no dead letter${endpoint === undefined ? '' : ` for an endpoint "${endpoint}"`}`,
  }
}

/** `asked`: a delivery, an event, a `webhook-id`, or the beginning of one of them. */
function findById(database: DatabaseSync, asked: string): Chosen {
  const id = decoded(asked)
  const deliveries = database
    .prepare(
      'SELECT * FROM delivery WHERE id >= ?1 AND substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 1000',
    )
    .all(id)
    .map(deliveryOf)
  const exact = deliveries.find(delivery => delivery.id === id)
  if (exact) return { deliveries: [exact] }
  const ofEvent = deliveries.filter(({ eventId }) => eventId === id)
  if (ofEvent.length > 0) return { deliveries: ofEvent }
  const events = [...new Set(deliveries.map(({ eventId }) => eventId))]
  const [first, second] = deliveries
  if (!first) return { reason: `nothing begins with "${asked}"; see: pb-bridge deliveries` }
  const isOne = second === undefined || (events.length === 1 && id.length <= first.eventId.length)
  if (isOne) return { deliveries }
  const names = (events.length > 1 ? events : deliveries.map(delivery => delivery.id)).slice(0, 5)
  return { reason: `"${asked}" is the beginning of several: ${names.join(', ')}; write more of it` }
}

function deliveryOf(row: Record<string, unknown>): Delivery {
  return readDelivery(row) ?? strippedDelivery(row)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
