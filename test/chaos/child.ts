/**
 * A bridge without a game: it reads the input from its stored position, and what it stores and sends goes the real
 * way: lifecycle → outbox → store, worker → attempt → HTTP. The parent starts it early and says "go" when it is to open
 * its folder, so that every kill hits a bridge at work and none a loading runtime.
 */
import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAttempt } from '../../src/delivery/attempt.ts'
import { createHttp } from '../../src/delivery/http.ts'
import { createWorker } from '../../src/delivery/worker.ts'
import { initialState, type LifecycleState } from '../../src/lifecycle.ts'
import { silentLog } from '../../src/log.ts'
import { openStore } from '../../src/outbox/open.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { endpointsAt, recipientsOf } from './endpoints.ts'
import { SERVER, takeLine } from './input.ts'
import { seeded } from './random.ts'
import { scaledClock } from './scaled.ts'

/** What the parent says. */
export type Go = {
  dir: string
  input: string
  url: string
  origin: number
  seed: number
  longestPauseMs: number
}
/** What the child says: that it may be let in, that its store is open; then how far its input is on the disk. */
export type Said = { type: 'ready' } | { type: 'opened' } | { type: 'stored'; position: number }

const SOURCE = 'recording'

process.once('message', (go: Go) => {
  void run(go).catch(error => {
    console.error(error)
    process.exit(1)
  })
})
// The parent is gone.
process.once('disconnect', leave)
// Node keeps what it compiled when it ends well, which nobody does here.
flushCompileCache()
say({ type: 'ready' })

function leave() {
  process.exit(3)
}

function say(said: Said) {
  process.send?.(said)
}

async function run({ dir, input, url, origin, seed, longestPauseMs }: Go) {
  const lines = readFileSync(input, 'utf8').trimEnd().split('\n')
  const random = seeded(seed)
  const clock = scaledClock(origin)
  const { store, close } = openStore(dir, { clock, log: silentLog, onNews: news => fault(news) })
  const endpoints = endpointsAt(url)
  const http = createHttp({ userAgent: 'chaos', clock, env: {} })
  const worker = createWorker({
    endpoints,
    outbox: () => outbox,
    attempt: createAttempt({ http, clock }),
    clock,
    plugin: { id: 'chaos', version: '0.0.0' },
  })
  const outbox: Outbox = createOutbox(
    { recipients: recipientsOf(endpoints), startExpiryMs: Number.MAX_SAFE_INTEGER },
    { store, clock, log: silentLog, random, onNews: fault, onWork: worker.wake },
  )
  outbox.load()
  let { position, state } = stored()
  say({ type: 'opened' })

  while (position <= lines.length) {
    const taken = takeLine(state, lines[position])
    state = taken.state
    position += 1
    const reached = position
    const accepted = outbox
      .accept(taken.events, [
        { table: 'state', server: SERVER, body: JSON.stringify(state) },
        { table: 'position', source: SOURCE, body: String(position) },
      ])
      .then(() => say({ type: 'stored', position: reached }))
    // Often several lines share a commit.
    if (random() < 0.7) await sleep(random() * longestPauseMs)
    if (position > lines.length) await accepted
  }
  while (outbox.status().some(({ active }) => active > 0)) await sleep(5)
  await worker.stop(0)
  await http.close()
  close()
  process.off('disconnect', leave)
  process.disconnect?.()

  function stored(): { position: number; state: LifecycleState } {
    return (
      store.read(database => {
        const at = database.prepare('SELECT body FROM position WHERE source = ?').get(SOURCE)
        const kept = database.prepare('SELECT body FROM state WHERE server = ?').get(SERVER)
        if (!at || !kept) return undefined
        return { position: Number(at.body), state: JSON.parse(String(kept.body)) as LifecycleState }
      }) ?? { position: 0, state: initialState(SERVER) }
    )
  }
}

/** Nothing that a person would have to hear of may come of kills: no dead letter, no pause, no corrupt store. */
function fault(news: object) {
  console.error(JSON.stringify(news))
  process.exit(4)
}
