/** One server that says as much as its guest takes. */
import { type GameServer, startServer } from '../client/server.ts'
import { createMinute } from '../client/stream.ts'
import { serve } from '../fleet/child.ts'
import { chatLine } from '../fleet/lines.ts'

/** The busy stream, at once and over again; chat alone, of which a client has to read every line. */
export const FLOODS = ['stream', 'chat'] as const
export type Flood = (typeof FLOODS)[number]

export type FloodAnswers = typeof answers

/** So that the flood can be stopped soon. */
const PIECE_BYTES = 262_144
const LINES = 5_000

const makers: { [Kind in Flood]: () => Buffer } = {
  stream: () => Buffer.concat(createMinute().flushes.map(({ bytes }) => bytes)),
  chat: () => Buffer.concat(Array.from({ length: LINES }, (_, index) => chatLine(`line ${index} of many`))),
}

let game: GameServer
let floods: { [Kind in Flood]: Buffer[] }
let flowing: Buffer[] | undefined
let piece = 0
let bytes = 0

/** The pieces of a flood, one after the other, for as long as the guest takes them. */
function pour() {
  const guest = game.guests.at(-1)
  while (flowing && guest && !guest.destroyed) {
    const next = flowing[piece++ % flowing.length] as Buffer
    bytes += next.length
    if (!guest.write(next)) {
      guest.once('drain', pour)
      return
    }
  }
}

function piecesOf(all: Buffer): Buffer[] {
  return Array.from({ length: Math.ceil(all.length / PIECE_BYTES) }, (_, index) =>
    all.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES),
  )
}

const answers = {
  open: async (): Promise<number> => {
    floods = { stream: piecesOf(makers.stream()), chat: piecesOf(makers.chat()) }
    game = await startServer()
    return game.port
  },
  joined: () => game.joined(1),
  /** Floods from now on, a whole number of times through, so that no frame is left open. */
  start: ({ kind }: { kind: Flood }) => {
    bytes = 0
    flowing = floods[kind]
    piece = 0
    pour()
  },
  /** How many bytes it was, when what was begun has been said to its end. */
  stop: (): Promise<number> =>
    new Promise(resolve => {
      const rest = flowing ?? []
      flowing = undefined
      const guest = game.guests.at(-1)
      if (!guest || guest.destroyed || rest.length === 0) return resolve(bytes)
      while (piece % rest.length !== 0) guest.write(rest[piece++ % rest.length] as Buffer)
      guest.write(Buffer.of(), () => resolve(bytes))
    }),
}

serve(answers)
