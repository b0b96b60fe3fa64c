/** A receiver of bad habits, drawn from a seed: answers, fails, stalls, resets, or takes a message and then cuts the line. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { seenIn } from './endpoints.ts'

export type Moody = {
  url: string
  /** How often each message was taken, by how it is seen here (`seenAs`); what failed or stalled was not. */
  taken: Map<string, number>
  requests: number
  /** From now on everything is taken and answered. */
  calm: boolean
  /** Called for a request that came, and for one that was just answered: the two instants that a crash must hit. */
  onInstant: (instant: 'asked' | 'answered') => void
  stop(): Promise<void>
}

export async function startMoody(random: () => number): Promise<Moody> {
  const server = createServer((request, response) => {
    void text(request).then(
      body => {
        moody.requests++
        moody.onInstant('asked')
        treat(seenIn(request.url ?? '', body), response)
      },
      () => {},
    )
  })

  function take(id: string) {
    moody.taken.set(id, (moody.taken.get(id) ?? 0) + 1)
  }

  function treat(id: string, response: ServerResponse) {
    const mood = moody.calm ? 0 : random()
    if (mood < 0.55) {
      take(id)
      // Bark's own word; a webhook's body says nothing.
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"code":200,"message":"success"}', () => moody.onInstant('answered'))
    } else if (mood < 0.65) {
      take(id)
      response.socket?.resetAndDestroy()
    } else if (mood < 0.75) response.socket?.resetAndDestroy()
    else if (mood < 0.85) response.writeHead(503).end()
    else if (mood < 0.92) response.writeHead(429, { 'retry-after': '2' }).end()
    // The others are never answered.
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const moody: Moody = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: new Map(),
    requests: 0,
    calm: false,
    onInstant: () => {},
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return moody
}
