import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/clock.ts'
import { createWorker, type Worker } from '../../src/delivery/worker.ts'
import type { LifecycleEvent } from '../../src/event.ts'
import { openDatabase } from '../../src/outbox/database.ts'
import { deliveryId } from '../../src/outbox/delivery.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { createStore } from '../../src/outbox/store.ts'
import type { Outcome } from '../../src/outcome.ts'
import { endpointsOf, PLUGIN } from '../delivery/fixture.ts'
import { type FakeClock, fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { fc } from '../fake/property.ts'
import { DELIVERED, eventOf, HOUR, REJECTED, recipientOf, SERVER_ERROR, temporaryFolder } from './fixture.ts'

const NAMES = ['backup_start', 'backup_success', 'restore_failure'] as const
const ENDPOINTS = ['all', 'ends']
const wants = (endpoint: string, { name }: LifecycleEvent) => endpoint === 'all' || name !== 'backup_start'

const OUTCOMES: Outcome[] = [
  DELIVERED,
  SERVER_ERROR,
  REJECTED,
  { status: 'retry', reason: { code: 'timeout', text: 'Timeout after 5s' } },
  { status: 'retry', reason: { code: 'reset', text: 'cut' }, afterMs: 20_000 },
  { status: 'rejected', reason: { code: 'http_gone', text: 'HTTP 410: Gone' } },
]

type Action =
  | { type: 'accept'; tasks: number; names: number[] }
  | { type: 'answer'; which: number; outcome: number; again: number }
  | { type: 'kill' }
  | { type: 'pass'; ms: number }
  | { type: 'jump'; ms: number }
  | { type: 'resend'; which: number }
  | { type: 'resume'; endpoint: string }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('accept' as const),
      tasks: fc.integer({ min: 1, max: 4 }),
      names: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('answer' as const),
      which: fc.nat(),
      outcome: fc.nat(OUTCOMES.length - 1),
      again: fc.nat(5),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'kill' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('pass' as const),
      ms: fc.constantFrom(0, 999, 1_000, 60_000, HOUR),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('jump' as const), ms: fc.constantFrom(-HOUR, 24 * HOUR) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('resend' as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('resume' as const),
      endpoint: fc.constantFrom(...ENDPOINTS),
    }),
  },
)

/** A clock whose timers die with its process. */
function mortal(clock: FakeClock): Clock & { kill(): void } {
  const cancels = new Set<() => void>()
  let dead = false
  return {
    ...clock,
    after: (ms, run) => {
      if (dead) return () => {}
      const cancel = clock.after(ms, () => {
        cancels.delete(cancel)
        run()
      })
      cancels.add(cancel)
      return cancel
    },
    kill: () => {
      dead = true
      for (const cancel of cancels) cancel()
    },
  }
}

type Trial = { id: string; taskId: string; endpoint: string; answer(outcome: Outcome): void }

/** The bridge's outbox and worker on a folder, which can be killed at any time; and receivers that a model answers for. */
function createHouse(dir: string) {
  const clock = fakeClock()
  const endpoints = endpointsOf(...ENDPOINTS.map(name => ({ name, url: 'http://localhost/' })))
  const trials = new Set<Trial>()
  const seen = new Set<string>()
  const faults: string[] = []
  /** All are answered at once with success. */
  let easy = false
  let outbox: Outbox
  let killRun = () => {}

  function start() {
    const ownClock = mortal(clock)
    const { database } = openDatabase(dir, clock.now())
    // What a kill of the process loses does not depend on it.
    database.exec('PRAGMA synchronous = OFF')
    const store = createStore(() => database, {
      clock: ownClock,
      onHealth: health => {
        if (!dead && health.atRisk) faults.push(health.reason)
      },
    })
    let dead = false
    const worker: Worker = createWorker({
      endpoints,
      outbox: () => own,
      clock: ownClock,
      plugin: PLUGIN,
      attempt: (endpoint, notification) => {
        if (dead) return new Promise(() => {})
        const { deliveryId: id, event } = notification
        for (const other of trials) {
          if (other.id === id) faults.push(`${id} is tried twice at a time`)
          if (other.endpoint === endpoint.key && other.taskId === event.taskId)
            faults.push(`${id} begins before ${other.id} is over`)
        }
        seen.add(id)
        if (easy) return Promise.resolve(DELIVERED)
        return new Promise(resolve => {
          const trial: Trial = {
            id,
            taskId: event.taskId,
            endpoint: endpoint.key,
            answer: outcome => {
              trials.delete(trial)
              resolve(outcome)
            },
          }
          trials.add(trial)
          const here = [...trials].filter(other => other.endpoint === endpoint.key).length
          if (here > 4) faults.push(`${here} in flight to ${endpoint.key}`)
        })
      },
    })
    const own = createOutbox(
      {
        recipients: ENDPOINTS.map(key => recipientOf(key, { wants: event => wants(key, event) })),
        startExpiryMs: 15 * 60_000,
      },
      {
        store,
        clock: ownClock,
        log: fakeLog(),
        random: () => 0.5,
        onNews: () => {},
        onWork: key => (dead ? undefined : worker.wake(key)),
      },
    )
    outbox = own
    own.load()
    killRun = () => {
      dead = true
      ownClock.kill()
      trials.clear()
      database.close()
    }
    return () => database
  }

  let database = start()
  return {
    clock,
    trials,
    seen,
    faults,
    outbox: () => outbox,
    rows: (where: string) => database().prepare(`SELECT * FROM delivery WHERE ${where} ORDER BY id`).all(),
    kill: () => {
      killRun()
      database = start()
    },
    beEasy: () => {
      easy = true
      for (const trial of [...trials]) trial.answer(DELIVERED)
    },
    end: () => killRun(),
  }
}

async function settle(turns = 12) {
  for (let turn = 0; turn < turns; turn++) await setImmediate()
}

async function play(t: TestContext, actions: readonly Action[]) {
  const house = createHouse(temporaryFolder(t))
  const { clock, trials, faults } = house
  /** Of what was committed for sure, and of what may have been before a kill. */
  const sure = new Set<string>()
  const possible = new Set<string>()
  let tasks = 0

  try {
    for (const one of actions) {
      switch (one.type) {
        case 'accept': {
          const ids: string[] = []
          const events: LifecycleEvent[] = []
          for (let task = 0; task < one.tasks; task++) {
            tasks++
            for (const name of new Set(one.names)) {
              const event = eventOf(`t${tasks}/${NAMES[name]}`, { at: clock.now() })
              events.push(event)
              for (const key of ENDPOINTS) if (wants(key, event)) ids.push(deliveryId(event.id, key))
            }
          }
          for (const id of ids) possible.add(id)
          const accepted = house.outbox().accept(events)
          const committed = accepted.then(() => {
            for (const id of ids) sure.add(id)
          })
          // A kill that comes next finds it under way.
          await Promise.race([committed, setImmediate()])
          break
        }
        case 'answer':
          for (let count = 0; count <= one.again && trials.size > 0; count++) {
            const trial = [...trials][one.which % trials.size]
            trial?.answer(OUTCOMES[(one.outcome + count) % OUTCOMES.length] ?? DELIVERED)
            await settle(one.which % 8)
          }
          break
        case 'kill':
          house.kill()
          break
        case 'pass':
          await settle()
          await clock.advance(one.ms)
          break
        case 'jump':
          clock.jump(one.ms)
          break
        case 'resend': {
          const dead = house.rows("state = 'dead'")
          const id = dead[one.which % Math.max(1, dead.length)]?.id
          if (id !== undefined) await house.outbox().resend(String(id))
          break
        }
        case 'resume':
          await house.outbox().resume(one.endpoint)
          break
        default:
          one satisfies never
      }
      assert.deepEqual(faults, [])
      const stored = house.rows('1').map(({ id }) => String(id))
      for (const id of sure) assert.ok(stored.includes(id), `${id} is lost`)
      for (const id of stored) assert.ok(possible.has(id), `${id} is nobody's`)
    }

    house.beEasy()
    await settle(200)
    // A paused endpoint is tried within six hours.
    await clock.advance(7 * HOUR)
    await settle(400)
    assert.deepEqual(faults, [])
    assert.deepEqual(house.rows("state IN ('waiting', 'sending')"), [])
    assert.deepEqual(
      house
        .outbox()
        .status()
        .map(({ active }) => active),
      [0, 0],
    )
    for (const { id } of house.rows("state = 'delivered'"))
      assert.ok(house.seen.has(String(id)), `${id} is said to be delivered and never was sent`)
    for (const id of house.seen) assert.ok(possible.has(id), `${id} is nobody's`)
    const ends = house.rows('1').map(({ id, state }) => ({ id: String(id), state: String(state) }))
    for (const { id, state } of ends) if (state === 'expired') assert.match(id, /_start@/)
  } finally {
    house.end()
  }
}

test('no delivery is lost, doubled or sent out of turn, whatever happens in whatever order', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40, size: 'max' }), actions => play(t, actions)),
    { numRuns: 50 },
  )
})
