/**
 * What a busy server of 1.21.4 sends: 441 chunks (view distance 10), 18,000 packets of entities and 301 lines of chat,
 * evenly in 1,200 flushes, which are a minute at 20 ticks a second. The same bytes in every run.
 */
import { deflateSync } from 'node:zlib'
import library from 'minecraft-protocol'
import { loadEdition } from '../../src/demo/library.ts'
import { createPhrases } from '../../src/demo/phrases.ts'
import { createSpeech, speaker } from '../../src/demo/speech.ts'
import { encodeVarint } from '../../src/source/varint.ts'
import { createChunks, createRandom } from './world.ts'

export const VERSION = '1.21.4'
export const PROTOCOL = 769
export const THRESHOLD = 256
export const TICK_MS = 50

const FLUSHES = 1_200
const RADIUS = 10
const ENTITIES_PER_FLUSH = 15
const LINES = 300

/** What goes out at once: bytes of whole frames, and the chat in them. */
export type Flush = { bytes: Buffer; lines: string[]; frames: number }

type Serializer = { createPacketBuffer(packet: { name: string; params: object }): Buffer }
type Library = { createSerializer(options: object): Serializer }

const edition = loadEdition(VERSION)
const speech = createSpeech(edition)
const serializers = new Map<string, Serializer>()

export function packet(state: string, name: string, params: object): Buffer {
  let serializer = serializers.get(state)
  if (!serializer) {
    serializer = (library as unknown as Library).createSerializer({ state, isServer: true, version: VERSION })
    serializers.set(state, serializer)
  }
  return serializer.createPacketBuffer({ name, params })
}

export function plainFrame(bytes: Buffer): Buffer {
  return Buffer.concat([encodeVarint(bytes.length), bytes])
}

/** As a server frames it after compression was switched on. */
export function frame(bytes: Buffer): Buffer {
  if (bytes.length < THRESHOLD) return plainFrame(Buffer.concat([encodeVarint(0), bytes]))
  return plainFrame(Buffer.concat([encodeVarint(bytes.length), deflateSync(bytes, { level: 6 })]))
}

/** The minute. `raw` counts the bytes of its packets before compression. */
export function createMinute(): { flushes: Flush[]; raw: number } {
  const random = createRandom(4)
  const chunks = chunkPackets()
  let raw = 0
  const flushes: Flush[] = []
  for (let index = 0; index < FLUSHES; index++) {
    const due = (count: number) =>
      Math.floor(((index + 1) * count) / FLUSHES) - Math.floor((index * count) / FLUSHES)
    const packets = Array.from({ length: ENTITIES_PER_FLUSH }, () => entityPacket(random))
    packets.push(...chunks.splice(0, due((2 * RADIUS + 1) ** 2)))
    const lines: string[] = []
    for (let count = due(LINES); count > 0; count--) {
      const line = chatLine(flushes.length, random)
      packets.push(line.packet)
      lines.push(line.text)
    }
    raw += packets.reduce((sum, { length }) => sum + length, 0)
    flushes.push({ bytes: Buffer.concat(packets.map(frame)), lines, frames: packets.length })
  }
  return { flushes, raw }
}

/** The last line: whoever has seen it has seen all. */
export function lastFlush(): Flush {
  const text = 'that was all'
  return { bytes: frame(packetOf(speech.system({ text }))), lines: [text], frames: 1 }
}

/** Prime Backup's words at the beginning and at the end of a backup, framed. */
export function backupLines(): { start: Buffer; success: Buffer } {
  const { say, prefixed, id, seconds, size } = createPhrases('en_us', '!!pb')
  const done = say('completed', [id(7), seconds(1230), size(5_000_000), size(400_000)])
  const [start, success] = [say('creating'), done].map(line => frame(packetOf(speech.system(prefixed(line)))))
  if (!start || !success) throw new Error('no lines')
  return { start, success }
}

function packetOf(made: { name: string; params: object }): Buffer {
  return packet('play', made.name, made.params)
}

function chunkPackets(): Buffer[] {
  const chunks: Buffer[] = []
  const chunkAt = createChunks()
  for (let x = -RADIUS; x <= RADIUS; x++)
    for (let z = -RADIUS; z <= RADIUS; z++) chunks.push(packet('play', 'map_chunk', chunkAt(x, z)))
  return chunks
}

const ENTITIES = 60

/** Those that the moves are about. */
export function spawnPackets(): Buffer[] {
  return Array.from({ length: ENTITIES }, (_, index) =>
    packet('play', 'spawn_entity', {
      entityId: 100 + index,
      objectUUID: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      type: 30,
      x: index,
      y: 70,
      z: -index,
      pitch: 0,
      yaw: 0,
      headPitch: 0,
      objectData: 0,
      velocity: { x: 0, y: 0, z: 0 },
    }),
  )
}

function entityPacket(random: () => number): Buffer {
  const small = (limit: number) => Math.floor((random() - 0.5) * 2 * limit)
  const entityId = 100 + Math.floor(random() * ENTITIES)
  const move = { entityId, dX: small(900), dY: small(300), dZ: small(900), onGround: true }
  const kind = random()
  if (kind < 0.45) return packet('play', 'rel_entity_move', move)
  if (kind < 0.65) return packet('play', 'entity_move_look', { ...move, yaw: small(127), pitch: small(60) })
  if (kind < 0.85) return packet('play', 'entity_head_rotation', { entityId, headYaw: small(127) })
  const velocity = { x: small(4000), y: small(4000), z: small(4000) }
  return packet('play', 'entity_velocity', { entityId, velocity })
}

const SAYINGS = [
  'who has the dragon egg?',
  '基地又被苦力怕炸了',
  'brb',
  'nice build, how long did that take you',
]
const steve = speaker('Steve')

/** Two of three are a server's own, decorated as plugins do; the others a player's. */
function chatLine(flush: number, random: () => number): { packet: Buffer; text: string } {
  const saying = SAYINGS[Math.floor(random() * SAYINGS.length)] ?? ''
  const text = `${flush} ${saying}`
  if (flush % 3 === 0) {
    const spoken = speech.player(steve, text, 'chat')
    return { packet: packetOf(spoken(0)), text }
  }
  const hover = {
    action: 'show_text' as const,
    value: { text: 'Member since 2019\nPlaytime: 412 h', color: 'gray' },
  }
  const name = {
    text: 'Alex',
    color: 'gold',
    hoverEvent: hover,
    clickEvent: { action: 'suggest_command', value: '/tell Alex ' },
  }
  const shown = [{ text: '' }, { text: '[Member] ', color: 'dark_green' }, name, { text: ': ' }, { text }]
  return { packet: packetOf(speech.system(shown)), text: `[Member] Alex: ${text}` }
}
