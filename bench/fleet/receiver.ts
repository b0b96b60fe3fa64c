/** The endpoint of a bridge: a webhook's receiver that keeps what each message said, and is in moods. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { wallNow } from './now.ts'

/** A message that was taken. */
export type Taken = {
  id: string
  event: string
  server: string
  task: string
  backup: number | undefined
  /** When its first request came, as `wallNow` has it. */
  at: number
}

export type FleetReceiver = {
  url: string
  /** By id: however often a message came, it is one. */
  taken: Map<string, Taken>
  /** Called with each message that is taken for the first time. */
  onTaken: (taken: Taken) => void
  /** How many requests were answered in which way. */
  answered: { [way: string]: number }
  /** From now on everything is taken at once. */
  calm(): void
  /** Resolves when so many messages were taken. */
  takes(count: number, patienceMs: number): Promise<void>
  stop(): Promise<void>
}

type Payload = {
  id: string
  event: string
  task_id: string
  server: { name: string }
  backup?: { id?: number }
}

/** Longer than the bridge needs to notice a stale connection, shorter than an endpoint's timeout. */
const SLOW_MS = 1_500

/** `random` draws its moods; without it there are none. */
export async function startFleetReceiver(random?: () => number): Promise<FleetReceiver> {
  let mood = random
  const server = createServer((request, response) => {
    const at = wallNow()
    void text(request).then(
      body => answer(JSON.parse(body), at, response),
      () => {},
    )
  })

  function take({ id, event, task_id: task, server: { name }, backup }: Payload, at: number) {
    if (receiver.taken.has(id)) return
    const taken = { id, event, server: name, task, backup: backup?.id, at }
    receiver.taken.set(id, taken)
    receiver.onTaken(taken)
  }

  async function answer(payload: Payload, at: number, response: ServerResponse) {
    const drawn = mood?.() ?? 1
    const way =
      drawn < 0.12
        ? '503'
        : drawn < 0.2
          ? 'slow'
          : drawn < 0.28
            ? 'cut'
            : drawn < 0.34
              ? 'taken and cut'
              : 'ok'
    receiver.answered[way] = (receiver.answered[way] ?? 0) + 1
    if (way === '503') return response.writeHead(503).end()
    if (way === 'cut') return response.socket?.resetAndDestroy()
    if (way === 'slow') await sleep(SLOW_MS)
    take(payload, at)
    if (way === 'taken and cut') return response.socket?.resetAndDestroy()
    return response.end('ok')
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const receiver: FleetReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    taken: new Map(),
    onTaken: () => {},
    answered: {},
    calm: () => {
      mood = undefined
    },
    takes: async (count, patienceMs) => {
      const deadline = performance.now() + patienceMs
      while (receiver.taken.size < count) {
        if (performance.now() > deadline)
          throw new Error(`${receiver.taken.size} of ${count} messages came within ${patienceMs / 1000} s`)
        await sleep(20)
      }
    },
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return receiver
}
