/** Many servers in one process: some that a bot can play on, and some that let nobody in. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type GameServer, startServer } from '../client/server.ts'
import { frame, packet } from '../client/stream.ts'
import { serve } from '../fleet/child.ts'
import { backupStart, backupSuccess } from '../fleet/lines.ts'
import { wallNow } from '../fleet/now.ts'

/** Accepts and says nothing; refuses; accepts and closes. */
export const HANGING = ['mute', 'shut', 'rude'] as const

export type ListenersAnswers = typeof answers

/** What a server sends to somebody who stands in an empty place. */
const TIME_EVERY_MS = 1_000
const KEEP_ALIVE_EVERY = 15

let games: GameServer[] = []
let joinedAt: Promise<number>[] = []
let first = 0
const costMs = 1_000

async function openHanging(kind: (typeof HANGING)[number]): Promise<number> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    if (kind === 'rude') socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  if (kind === 'shut') server.close()
  return port
}

function guestOf(index: number) {
  const guest = games[index]?.guests.at(-1)
  if (!guest || guest.destroyed) throw new Error(`the bot of server ${index} is away`)
  return guest
}

const answers = {
  open: async ({ servers, hanging }: { servers: number; hanging: number }) => {
    games = []
    for (let index = 0; index < servers; index++) games.push(await startServer())
    joinedAt = games.map(game => game.joined(1).then(wallNow))
    const kinds = Array.from({ length: hanging }, (_, index) => HANGING[index % HANGING.length] ?? 'mute')
    return { ports: games.map(({ port }) => port), hanging: await Promise.all(kinds.map(openHanging)) }
  },
  /** When the first so many were in play, as `wallNow` has it. */
  joined: ({ servers }: { servers: number }): Promise<number[]> => Promise.all(joinedAt.slice(0, servers)),
  /** From now on each server says what time it is, and asks whether the bot is alive. */
  idle: () => {
    const time = frame(packet('play', 'update_time', { age: 1n, time: 6_000n, tickDayTime: true }))
    for (const [index, game] of games.entries()) {
      let seconds = index
      setTimeout(
        () =>
          setInterval(() => {
            const guest = game.guests.at(-1)
            if (!guest || guest.destroyed) return
            guest.write(time)
            if (++seconds % KEEP_ALIVE_EVERY === 0)
              guest.write(frame(packet('play', 'keep_alive', { keepAliveId: BigInt(seconds) })))
          }, TIME_EVERY_MS),
        (index * TIME_EVERY_MS) / games.length,
      )
    }
  },
  /** A backup on every server, all at once. */
  backUp: async () => {
    for (const index of games.keys()) guestOf(index).write(backupStart)
    await sleep(costMs)
    for (const index of games.keys()) guestOf(index).write(backupSuccess(index, costMs))
  },
  /** A line of Prime Backup on one server; when it was written. */
  tell: ({ index, isEnd }: { index: number; isEnd: boolean }): number => {
    guestOf(index).write(isEnd ? backupSuccess(first++, costMs) : backupStart)
    return wallNow()
  },
}

serve(answers)
