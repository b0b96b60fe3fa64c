/**
 * The bridge of one server, in virtual time: the project's own code from the packet of chat and the record of the log to
 * the request, wired as `watch.ts` and `bridge.ts` wire it; around it the receivers, and what they were told.
 */
import { createAttempt } from '../../src/delivery/attempt.ts'
import { notificationSchema, resolveEndpoints } from '../../src/delivery/endpoint.ts'
import type { Http } from '../../src/delivery/http.ts'
import type { Payload } from '../../src/delivery/payload.ts'
import { recipientsOf } from '../../src/delivery/recipient.ts'
import { createWorker } from '../../src/delivery/worker.ts'
import type { LifecycleEvent } from '../../src/event.ts'
import { lifecycleSchema, parseState, restWindow, watchSchema } from '../../src/lifecycle.ts'
import { silentLog } from '../../src/log.ts'
import { createNotices } from '../../src/notices.ts'
import { openMemory } from '../../src/outbox/database.ts'
import { createOutbox, type OutboxNews } from '../../src/outbox/outbox.ts'
import { pruneStep } from '../../src/outbox/prune.ts'
import { createStore, type Store } from '../../src/outbox/store.ts'
import { createRest } from '../../src/rest.ts'
import { createSight } from '../../src/sight.ts'
import { createTracker } from '../../src/tracker.ts'
import type { LeapingClock } from './clock.ts'
import { createEyes, type Eyes } from './eyes.ts'
import { DAY, diceOf, type Happening, MINUTE, type Plan } from './plan.ts'
import type { Outside } from './primebackup.ts'
import { traceOf } from './trace.ts'

export const ENDPOINTS = ['always', 'problems', 'night'] as const
export type EndpointName = (typeof ENDPOINTS)[number]

/** What a receiver took. */
export type Received = { at: number; endpoint: EndpointName; payload: Payload }
/** What the bridge came to, whether it is told or not. */
export type Committed = { at: number; event: LifecycleEvent }

export type House = ReturnType<typeof createHouse>

const RETENTION = { keepMs: 30 * DAY, keepDeadMs: 90 * DAY, maxBytes: 2 ** 40 }

export function createHouse(plan: Plan, clock: LeapingClock, online: () => number | undefined) {
  const dice = diceOf(plan.seed + 1)
  const { between } = dice
  const committed: Committed[] = []
  const received: Received[] = []
  const traces = { receiver: traceOf(true), bridge: traceOf(false) }
  let receiverRuns = true
  let stored: string | undefined
  let running: ReturnType<typeof startBridge> | undefined
  const database = openMemory()
  const store = heldStore(
    createStore(() => database, { clock, onHealth: () => {} }),
    clock,
  )
  const eyes: Eyes = createEyes(plan, clock, dice)

  const { endpoints } = resolveEndpoints(
    notificationSchema.parse({
      enabled: true,
      endpoints: [
        { name: 'always', url: 'http://always/' },
        { name: 'problems', url: 'http://problems/', when: 'problems', notices: true },
        {
          name: 'night',
          url: 'http://night/',
          notices: true,
          quiet: { from: '23:00', to: '07:00', timeZone: plan.zone },
        },
      ],
    }),
  )
  const options = {
    ...lifecycleSchema.parse({}),
    watch: watchSchema.parse({ maxAge: `${plan.maxAgeMs / MINUTE}m`, restWhenEmpty: plan.rests }),
  }

  const http: Http = {
    send: ({ url, body = '' }) =>
      clock.hold(
        (async () => {
          const endpoint = new URL(url).host as EndpointName
          if (receiverRuns) received.push({ at: clock.now(), endpoint, payload: JSON.parse(body) })
          return { type: 'answer', answer: { status: receiverRuns ? 200 : 503, headers: {}, body: '' } }
        })(),
      ),
    close: async () => {},
  }

  function startBridge() {
    const worker = createWorker({
      endpoints,
      outbox: () => outbox,
      attempt: createAttempt({ http, clock }),
      clock,
      plugin: { id: 'prime_backup_bridge', version: '0.0.0' },
    })
    const outbox = createOutbox(
      { recipients: recipientsOf(endpoints), startExpiryMs: 15 * MINUTE },
      { store, clock, log: silentLog, random: dice.random, onNews: tell, onWork: worker.wake },
    )
    const notices = createNotices(clock, event => {
      committed.push({ at: clock.now(), event })
      void outbox.accept([event])
    })
    const tracker = createTracker(plan.name, options, {
      clock,
      log: plan.source !== 'chat',
      seenUpTo: () => (tracker.state().lead.by === 'log' ? eyes.seenUpTo() : clock.now()),
      commit: (events, state) => {
        stored = JSON.stringify(state)
        if (process.env.DBG) console.log(new Date(clock.now()).toISOString(), JSON.stringify(state.schedule))
        for (const event of events) committed.push({ at: clock.now(), event })
        rest.expect(restWindow(state))
        sight.look()
        return outbox.accept(events, [{ table: 'state', server: plan.name, body: stored }])
      },
    })
    const sight = createSight(
      () => ({
        plays: eyes.plays(),
        answers: tracker.state().answering,
        logReadable: eyes.isReadable(),
        processRuns: tracker.state().processRuns,
      }),
      { clock, raise: code => notices.raise(code, plan.name, plan.name) },
    )
    const rest = createRest(
      { restWhenEmpty: plan.rests, file: undefined },
      {
        clock,
        log: silentLog,
        players: () => clock.hold(Promise.resolve(plan.source === 'log' ? undefined : online())),
        awake: (awake, anew) => tracker.take({ type: 'schedule_awake', awake, anew }),
      },
    )

    function tell(news: OutboxNews) {
      if (news.type === 'dead') notices.raise('dead_letter', news.delivery.endpoint, news.delivery.event)
      else if (news.type === 'paused') notices.raise('endpoint_paused', news.endpoint, news.reason)
      else notices.raise('endpoint_resumed', news.endpoint)
    }

    outbox.load()
    tracker.start(stored === undefined ? undefined : parseState(stored))
    rest.expect(restWindow(tracker.state()))
    eyes.open({ tracker, look: sight.look, raise: code => notices.raise(code, plan.name, plan.name) })
    return {
      stop: () => {
        eyes.close()
        notices.stop()
        sight.stop()
        rest.stop()
        tracker.stop()
        void clock.hold(worker.stop(0))
      },
    }
  }

  function start() {
    if (running) return
    running = startBridge()
    traces.bridge.set(clock.now(), true)
  }

  function stop() {
    running?.stop()
    running = undefined
    traces.bridge.set(clock.now(), false)
  }

  function setReceiver(runs: boolean) {
    receiverRuns = runs
    traces.receiver.set(clock.now(), runs)
  }

  const HAPPEN: { [T in Happening['type']]?: (happening: Happening & { type: T }) => void } = {
    bridge_down: ({ ms }) => {
      stop()
      clock.after(ms, start)
    },
    receiver_out: ({ ms }) => {
      setReceiver(false)
      clock.after(ms, () => setReceiver(true))
    },
    bot_out: ({ ms }) => eyes.keepBotOut(ms),
    log_out: ({ ms }) => eyes.hideLog(ms),
  }

  function prune() {
    while (pruneStep(database, clock.now(), RETENTION));
    clock.after(7 * DAY, prune)
  }

  return {
    outside: eyes.outside satisfies Outside,
    start: () => {
      clock.after(between(5, 10) * MINUTE, start)
      prune()
      for (const happening of plan.happenings) {
        const rule = HAPPEN[happening.type] as ((happening: Happening) => void) | undefined
        if (rule) clock.after(happening.at - clock.now(), () => rule(happening))
      }
    },
    stop: async () => {
      stop()
      await clock.runUntil(clock.now())
      store.close()
    },
    told: { committed, received, traces: { ...traces, ...eyes.traces } },
  }
}

/** Time waits for the disk. */
function heldStore(store: Store, clock: LeapingClock): Store {
  return { ...store, put: rows => clock.hold(store.put(rows)) }
}
