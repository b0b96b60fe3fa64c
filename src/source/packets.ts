/**
 * The protocol library's client, made safe and lean: frames within vanilla's limits, only the packets that matter
 * inflated and parsed, no stage of a stream on the way, and nothing that a server sends can throw past it. What it
 * overrides is private to minecraft-protocol (nmp.ts). Why, and what it saves: docs/LEAN.md.
 */
import { createCipheriv, createDecipheriv, type Decipheriv } from 'node:crypto'
import type { Socket } from 'node:net'
import { PassThrough, type Transform } from 'node:stream'
import { CHAT_PACKETS, type ChatPacketName } from './chat.ts'
import type { Client, ClientConstructor } from './client.ts'
import { createFrames, type Frames, type Judge, MAX_FRAME_BYTES } from './frames.ts'
import { inflater } from './inflate.ts'
import { assertUsableKey } from './key.ts'
import type { ReadNames } from './names.ts'
import type { Codec, Packet } from './nmp.ts'
import { readVarint } from './varint.ts'

/** Vanilla's limit of what a frame may inflate to (facts/toolchain.md). */
export const MAX_INFLATED_BYTES = 8_388_608

/** Enough compressed bytes to inflate a packet's id from (facts/client-cost.md). */
const ID_PREFIX_BYTES = 520
const idBytes = Buffer.alloc(5)

/** Of a packet's id: more bytes are needed; only the whole packet would tell. */
const SHORT = -1
const UNTOLD = -2

/**
 * Larger packets are passed over: parsed, a byte can become an object of a hundred. The limit of chat is twice what a
 * component may hold; of the others, what vanilla sends is far below.
 */
const MAX_CHAT_BYTES = 524_288
const MAX_PARSED_BYTES = 2_097_152

const MAX_UNSENT_PACKETS = 1_000

const CIPHER = 'aes-128-cfb8'

/**
 * Packets that the session reads under a name of its own. Of these the library's own handlers make nothing that the
 * bridge needs, but throw at odd components, and walk a hostile command tree for ever.
 */
const OWN_EVENTS: ReadonlyMap<string, string> = new Map(
  [...CHAT_PACKETS, 'declare_commands'].map(packet => [packet, `bridge:${packet}`]),
)
const CHAT_NAMES: ReadonlySet<string> = new Set(CHAT_PACKETS)

/** The event of a packet that the session reads. */
export function ownEvent(packet: ChatPacketName | 'declare_commands'): string {
  return OWN_EVENTS.get(packet) ?? packet
}

/** What the library listens for once in each configuration phase, and anew in the next, whether it came or not. */
const ONCE_CONFIGURING = ['select_known_packs', 'code_of_conduct', 'finish_configuration']

type Internals = Client & {
  serializer: Transform
  framer: Transform
  splitter: Transform
  deserializer: Transform
  cipher: Transform | null
  setCompressionThreshold(threshold: number): void
  setSerializer(state: string): void
  setEncryption(secret: Buffer): void
}

export type LeanHooks = {
  /** So many frames arrived, read or passed over. */
  onFrames(count: number): void
  /** The connection can't go on: over the limits, or the library threw. */
  onFault(error: Error): void
}

/** One version's packets: how they are read and written in each state, and the names of those that are read. */
export type PacketBook = {
  names: ReadNames
  codec(state: string): Codec
}

/** The library's `Client`, with its way in replaced, and of its way out the packets' forms, `write` and `end`. */
export function leanClient(Base: ClientConstructor, book: PacketBook, hooks: LeanHooks): ClientConstructor {
  const { onFrames, onFault } = hooks
  // Of this one connection; the library's constructor sets the first state before a field of the class would be there.
  let codec: Codec
  let names: ReadonlyMap<number, string> | undefined
  let compressed = false
  let decipher: Decipheriv | undefined

  const judge: Judge = (bytes, start, end, isWhole) => {
    if (!names) return true
    const id = compressed ? packedId(bytes, start, end, isWhole) : plainId(bytes, start, end, isWhole)
    if (id === SHORT) return undefined
    return id === UNTOLD || names.has(id)
  }

  return class LeanClient extends (Base as new (...args: unknown[]) => Internals) {
    #frames: Frames = createFrames({
      judge,
      take: (bytes, start, end) => this.#read(bytes, start, end),
      onTooLong: () =>
        onFault(new Error(`the server sent a frame over vanilla's limit of ${MAX_FRAME_BYTES} bytes`)),
    })

    /** The library keeps 1,024 messages to report players with, however large they are. */
    get _lastChatHistory() {
      return { push() {} }
    }

    set _lastChatHistory(_kept: unknown) {}

    override take(bytes: Buffer) {
      const count = this.#frames.write(decipher ? decipher.update(bytes) : bytes)
      if (count > 0) onFrames(count)
    }

    #read(bytes: Buffer, start: number, end: number) {
      let packet: Buffer
      try {
        packet = compressed ? inflateFrame(bytes, start, end) : copyOf(bytes, start, end)
      } catch (error) {
        return onFault(new Error(`the server sent a packet that can't be inflated: ${String(error)}`))
      }
      const name = names ? wantedName(packet, names) : undefined
      if (packet.length > MAX_PARSED_BYTES || (names && name === undefined)) return
      let parsed: Packet
      try {
        parsed = codec.parse(packet, name)
      } catch {
        // A packet that the library can't parse (a mod's, say) is passed over; the stream must survive it.
        return
      }
      this.emit(parsed.name, parsed.params)
    }

    /** Every handler of the library runs inside an emit: what it throws on odd input ends this connection, no more. */
    override emit(event: string, ...args: unknown[]): boolean {
      try {
        if (event === 'encryption_begin') assertUsableKey(args[0])
        if (event === 'start_configuration' && this.state === 'play')
          for (const name of ONCE_CONFIGURING) this.removeAllListeners(name)
        const own = OWN_EVENTS.get(event)
        if (own !== undefined) return this.#emitOwn(own, event, args)
        return super.emit(event, ...args)
      } catch (error) {
        onFault(error instanceof Error ? error : new Error(String(error)))
        return false
      }
    }

    #emitOwn(own: string, event: string, args: unknown[]): boolean {
      const heard = super.emit(own, ...args)
      if (event !== 'player_chat') return heard
      // The library counts players' messages, and acknowledges them. One that it stumbles over costs nothing else.
      try {
        super.emit(event, ...args)
      } catch {}
      return heard
    }

    /** Packets wait in the serializer where the server asks and asks, and does not read the answers. */
    override write(name: string, params: object) {
      if (this.serializer.writableLength < MAX_UNSENT_PACKETS) return super.write(name, params)
      onFault(new Error('the server does not read what the bot answers'))
    }

    /** Whoever ends this client destroys its socket too: the library's timer of 30 s would only keep the process alive. */
    override end(reason?: string) {
      super.end(reason)
      clearTimeout(this.closeTimer ?? undefined)
    }

    /** Bytes come by `data`, or by whoever reads the socket (wire.ts), and not through the library's stages. */
    override setSocket(socket: Socket) {
      super.setSocket(socket)
      socket.unpipe(this.splitter)
      socket.on('data', (bytes: Buffer) => this.take(bytes))
      socket.resume()
    }

    override setSerializer(state: string) {
      codec = book.codec(state)
      names = book.names[state]
      this.serializer = codec.createSerializer()
      this.serializer.on('error', error => this.emit('error', error))
      // The library ties its stages to it, through which nothing flows.
      this.deserializer = new PassThrough()
    }

    override setCompressionThreshold(threshold: number) {
      super.setCompressionThreshold(threshold)
      compressed = true
    }

    override setEncryption(secret: Buffer) {
      this.cipher = createCipheriv(CIPHER, secret, secret)
      decipher = createDecipheriv(CIPHER, secret, secret)
      const { framer, socket } = this
      if (!socket) return
      framer.unpipe(socket)
      framer.pipe(this.cipher).pipe(socket)
    }
  } as unknown as ClientConstructor
}

/** The name of a packet that is to be parsed; undefined for others, and for chat that is too large. */
function wantedName(packet: Buffer, names: ReadonlyMap<number, string>): string | undefined {
  const name = names.get(plainId(packet, 0, packet.length, true))
  return name !== undefined && packet.length > MAX_CHAT_BYTES && CHAT_NAMES.has(name) ? undefined : name
}

/** The id of a packet that may be compressed, from its frame or from as much of it as there is. */
function packedId(bytes: Buffer, start: number, end: number, isWhole: boolean): number {
  // Most are too small to be compressed: no inflated length, and an id of one byte.
  if (bytes[start] === 0) return plainId(bytes, start + 1, end, isWhole)
  const { size } = readVarint(bytes, start, Math.min(5, end - start))
  if (size <= 0) return isWhole || end - start >= 5 ? UNTOLD : SHORT
  const first = start + size
  const last = Math.min(end, first + ID_PREFIX_BYTES)
  const count = inflater.begin(bytes, first, last, idBytes)
  if (count < 0) return UNTOLD
  return plainId(idBytes, 0, count, isWhole || last < end)
}

function plainId(bytes: Buffer, start: number, end: number, isWhole: boolean): number {
  const byte = bytes[start] ?? 0
  if (start < end && byte < 0x80) return byte
  const { value, size } = readVarint(bytes, start, Math.min(5, end - start))
  if (size > 0) return value >= 0 ? value : UNTOLD
  return isWhole || end - start >= 5 ? UNTOLD : SHORT
}

function inflateFrame(bytes: Buffer, start: number, end: number): Buffer {
  if (bytes[start] === 0) return copyOf(bytes, start + 1, end)
  const { value: inflatedBytes, size } = readVarint(bytes, start, Math.min(5, end - start))
  if (size <= 0 || inflatedBytes < 0 || inflatedBytes > MAX_INFLATED_BYTES)
    throw new Error(`${inflatedBytes} bytes are over vanilla's limit`)
  return inflater.whole(bytes, start + size, end, inflatedBytes)
}

/** What is parsed may stay, and what came is overwritten by what comes next. */
function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  bytes.copy(copy, 0, start, end)
  return copy
}
