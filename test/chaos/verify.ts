/** What must hold of the store at any instant: it is what an uninterrupted run had after some line of the input. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { openDatabase, STORE_FILE } from '../../src/outbox/database.ts'
import { deliveryIds } from './endpoints.ts'
import type { Expected } from './input.ts'

export type Found = { position: number; events: number; deliveries: number; delivered: Set<string> }

/** Copies the store's files as they are, so that looking changes nothing for who comes next. */
export function copyStore(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  for (const suffix of ['', '-wal']) {
    const file = join(from, STORE_FILE + suffix)
    if (existsSync(file)) copyFileSync(file, join(to, STORE_FILE + suffix))
  }
}

/** Opens a copied store as the bridge would, and checks it. `known`: the position that was said to be on the disk. */
export function verifyStore(copy: string, expected: Expected, known: number): Found {
  const { database, movedAside } = openDatabase(copy, 0)
  try {
    assert.equal(movedAside, undefined, 'the store was corrupt')
    return verifyRows(database, expected, known)
  } finally {
    database.close()
  }
}

function verifyRows(database: DatabaseSync, expected: Expected, known: number): Found {
  const position = Number(database.prepare('SELECT body FROM position').get()?.body ?? 0)
  assert.ok(position >= known, `position ${known} was on the disk, and now it is ${position}`)
  const want = expected.after[position]
  assert.ok(want)
  const state = database.prepare('SELECT body FROM state').get()?.body
  assert.equal(state ?? expected.after[0]?.state, want.state, 'the state is not that of the position')

  const events = database.prepare('SELECT id, body FROM event ORDER BY seq').all()
  const wantedEvents = expected.events.slice(0, want.events)
  assert.deepEqual(
    events.map(({ id }) => id),
    wantedEvents.map(({ id }) => id),
    'events are missing, doubled, out of order or have other ids',
  )
  assert.deepEqual(
    events.map(({ body }) => body),
    wantedEvents.map(event => JSON.stringify(event)),
  )

  const deliveries = database.prepare('SELECT id, state FROM delivery ORDER BY id').all()
  assert.deepEqual(
    deliveries.map(({ id }) => id),
    deliveryIds(wantedEvents).sort(),
    'deliveries are missing or have other ids',
  )
  const delivered = new Set<string>()
  for (const { id, state } of deliveries) {
    if (state === 'delivered') delivered.add(String(id))
    else assert.match(String(state), /^(waiting|sending)$/, `the delivery ${id} is ${state}`)
  }
  return { position, events: events.length, deliveries: deliveries.length, delivered }
}
