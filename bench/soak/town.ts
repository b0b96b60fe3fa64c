/**
 * The servers of a soak, in a process of their own: each plays the stream to its bot, tells backups, says what no server
 * should say, and breaks the connection in every way there is.
 */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type GameServer, startServer } from '../client/server.ts'
import { createMinute, type Flush } from '../client/stream.ts'
import { createRandom } from '../client/world.ts'
import { serve } from '../fleet/child.ts'
import { backupStart, backupSuccess, junk, kick, POISON } from '../fleet/lines.ts'

/** How a connection ends; `silence` is a half-open one, which the bot notices after a minute. */
export const BREAKS = ['close', 'reset', 'kick', 'poison', 'silence'] as const
export type Break = (typeof BREAKS)[number]

export type TownOptions = {
  servers: number
  seed: number
  /** Of the stream, for each server. */
  flushesPerSecond: number
  breaks: Break[]
  /** From a bot's return to the next break, at least: one that comes sooner keeps it away for longer and longer. */
  breakEveryMs: number
}

export type Told = { server: string; backup: number }

export type Figures = {
  /** Every backup whose start and end were told. */
  told: Told[]
  counts: { [what: string]: number }
  /** What must not be. */
  wrong: string[]
}

export type TownAnswers = typeof answers

/** Whoever was told something has read it by then, and a reset can take nothing of it away. */
const READ_MS = 5_000
/** A half-open connection is noticed after a minute without a packet. */
const NOTICE_MS = 120_000
/** A bot waits longer the sooner it was thrown out again. */
const RETURN_MS = 180_000
/** A guest that reads slower than the stream is not sent more than this. */
const MAX_UNSENT_BYTES = 1_000_000

type Place = {
  name: string
  game: GameServer
  guest: Socket | undefined
  /** What the guest gets of the stream, if anything. */
  streams: boolean
  leaving: boolean
  toldAt: number
  /** Since when, after a break. */
  backAt: number
}

const { flushes: minute }: { flushes: Flush[] } = createMinute()
const figures: Figures = { told: [], counts: {}, wrong: [] }
let options: TownOptions
let random = createRandom(1)
let places: Place[] = []
let ticker: NodeJS.Timeout | undefined
let backups = 0

function count(what: string, by = 1) {
  figures.counts[what] = (figures.counts[what] ?? 0) + by
}

function draw<Item>(items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item
}

/** Waits until the bot is there. */
async function welcome(place: Place) {
  const timer = setTimeout(() => figures.wrong.push(`${place.name}: the bot did not come back`), RETURN_MS)
  await place.game.joined(1)
  clearTimeout(timer)
  const [guest] = place.game.guests
  if (!guest) throw new Error('nobody is there')
  place.guest = guest
  place.leaving = false
  place.streams = true
  guest.once('close', () => {
    place.guest = undefined
    place.game.guests.length = 0
    if (!place.leaving) figures.wrong.push(`${place.name}: the bot left, and nobody had sent it away`)
  })
}

async function tell(place: Place, words: Buffer, pauseMs = 1_000) {
  place.guest?.write(words)
  place.toldAt = performance.now()
  await sleep(pauseMs)
}

/** A backup, and in the middle of it whatever `between` does. */
async function backUp(place: Place, between: () => Promise<void>) {
  backups += 1
  const backup = backups
  const startedAt = performance.now()
  await tell(place, backupStart)
  await between()
  await tell(place, backupSuccess(backup, performance.now() - startedAt))
  figures.told.push({ server: place.name, backup })
}

async function breakOff(place: Place, kind: Break) {
  const { guest } = place
  if (!guest) return
  if (kind === 'reset') await sleep(Math.max(0, place.toldAt + READ_MS - performance.now()))
  count(`broken by: ${kind}`)
  place.leaving = true
  place.streams = false
  const closed = once(guest, 'close', { signal: AbortSignal.timeout(NOTICE_MS) })
  if (kind === 'close') guest.end()
  else if (kind === 'reset') guest.resetAndDestroy()
  else if (kind === 'kick') guest.end(kick)
  else if (kind === 'poison') guest.write(draw(Object.values(POISON)))
  else kind satisfies 'silence'
  await closed.catch(() => {
    figures.wrong.push(`${place.name}: the bot did not notice that the connection was broken (${kind})`)
    guest.destroy()
  })
  await welcome(place)
  place.backAt = performance.now()
}

async function scene(place: Place) {
  const mayBreak = performance.now() - place.backAt > options.breakEveryMs
  const drawn = random()
  if (drawn < 0.5 || !mayBreak) {
    if (drawn < 0.25) {
      const [kind, bytes] = draw(Object.entries(junk(random)))
      count(`junk: ${kind}`)
      return tell(place, bytes)
    }
    count('backups')
    return backUp(place, () => sleep(2_000 * random()))
  }
  if (drawn < 0.8) return breakOff(place, draw(options.breaks))
  count('backups with a break in them')
  return backUp(place, () => breakOff(place, draw(options.breaks.filter(kind => kind !== 'silence'))))
}

function tick(index: number) {
  for (const [offset, { guest, streams }] of places.entries()) {
    if (!guest || !streams || guest.writableLength > MAX_UNSENT_BYTES) continue
    const flush = minute[(index + offset * 60) % minute.length] as Flush
    guest.write(flush.bytes)
    count('flushes')
    count('packets', flush.frames)
    count('lines of chat', flush.lines.length)
  }
}

const answers = {
  /** The ports of the servers, `s0`, `s1` and so on. */
  open: async (given: TownOptions): Promise<number[]> => {
    options = given
    random = createRandom(options.seed)
    const games = await Promise.all(Array.from({ length: options.servers }, startServer))
    places = games.map((game, index) => ({
      name: `s${index}`,
      game,
      guest: undefined,
      streams: false,
      leaving: false,
      toldAt: 0,
      backAt: Number.NEGATIVE_INFINITY,
    }))
    return games.map(({ port }) => port)
  },
  /** Resolves when every bot is there. */
  welcome: async () => {
    await Promise.all(places.map(welcome))
  },
  stream: () => {
    let index = 0
    ticker = setInterval(() => tick(index++), 1000 / options.flushesPerSecond)
  },
  hush: () => clearInterval(ticker),
  /** A bit of everything for each server, so that whatever is loaded or kept once is there. */
  rehearse: async ({ breaks }: { breaks: boolean }) => {
    await Promise.all(
      places.map(async (place, index) => {
        await sleep(index * 50)
        for (const bytes of Object.values(junk(random))) place.guest?.write(bytes)
        await backUp(place, async () => (breaks ? breakOff(place, 'kick') : undefined))
      }),
    )
  },
  /**
   * Scenes until then, with such a pause between two of one server on average; resolves when the last of them is over,
   * with every bot in its place.
   */
  play: async ({ seconds, pauseMs: meanPauseMs }: { seconds: number; pauseMs: number }) => {
    const until = performance.now() + seconds * 1000
    await Promise.all(
      places.map(async place => {
        for (;;) {
          const leftMs = until - performance.now()
          const pauseMs = 2 * random() * meanPauseMs
          await sleep(Math.max(0, Math.min(pauseMs, leftMs)))
          if (pauseMs >= leftMs) return
          await scene(place)
        }
      }),
    )
  },
  figures: (): Figures => figures,
}

serve(answers)
