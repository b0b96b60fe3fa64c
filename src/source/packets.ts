/**
 * The protocol library's client, made safe and lean: frames within vanilla's limits, only the packets that matter
 * parsed, and nothing that a server sends can throw past it. Design and measurements: facts/client-cost.md.
 * What is overridden is private to minecraft-protocol 1.68 (the version is pinned in package.json).
 */
import { publicEncrypt, constants as rsa } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { unzipSync, constants as zlib } from 'node:zlib'
import { CHAT_PACKETS, type ChatPacketName } from './chat.ts'
import { readVarint } from './varint.ts'

/** Vanilla's limits (facts/toolchain.md): three bytes of length, and what a frame may inflate to. */
export const MAX_FRAME_BYTES = 2_097_151
export const MAX_INFLATED_BYTES = 8_388_608

/** Enough compressed bytes to inflate the packet id from (facts/client-cost.md). */
const ID_PREFIX_BYTES = 520

/** All that is read in play; everything else is passed over without being parsed, or buffered further. */
const PLAY_PACKETS: ReadonlySet<string> = new Set([
  ...CHAT_PACKETS,
  'login',
  'keep_alive',
  'ping',
  'transaction',
  'kick_disconnect',
  'disconnect',
  'start_configuration',
  'declare_commands',
  'entity_status',
  'server_data',
  'chat_preview',
  'position',
  'update_health',
  'chunk_batch_finished',
  'resource_pack_send',
  'add_resource_pack',
  'cookie_request',
  'transfer',
  'set_compression',
  'compress',
])

/** All that is read in the configuration phase; registries and tags are the bulk of it. */
const CONFIGURATION_PACKETS: ReadonlySet<string> = new Set([
  'finish_configuration',
  'select_known_packs',
  'code_of_conduct',
  'keep_alive',
  'ping',
  'disconnect',
  'resource_pack_send',
  'add_resource_pack',
  'cookie_request',
  'transfer',
])

/**
 * Larger packets are passed over: parsed, a byte can become an object of a hundred. The limit of chat is twice what a
 * component may hold; of the others, what vanilla sends is far below.
 */
const MAX_CHAT_BYTES = 524_288
const MAX_PARSED_BYTES = 2_097_152

const MAX_UNSENT_PACKETS = 1_000

/**
 * Packets that the session reads under a name of its own. Of these the library's own handlers make nothing that the
 * bridge needs, but throw at odd components, and walk a hostile command tree for ever.
 */
const OWN_PACKETS: ReadonlySet<string> = new Set([...CHAT_PACKETS, 'declare_commands'])
const CHAT_NAMES: ReadonlySet<string> = new Set(CHAT_PACKETS)

/** The event of a packet that the session reads. */
export function ownEvent(packet: ChatPacketName | 'declare_commands'): string {
  return `bridge:${packet}`
}

/** What the library listens for once in each configuration phase, and anew in the next, whether it came or not. */
const ONCE_CONFIGURING = ['select_known_packs', 'code_of_conduct', 'finish_configuration']

/** What the bridge uses of the library's client, which types most of it as `any`. */
export type Client = EventEmitter & {
  state: string
  version: string
  username: string
  uuid: string
  socket?: Socket
  closeTimer: NodeJS.Timeout | null
  write(name: string, params: object): void
  chat?(text: string): void
  end(reason?: string): void
  setSocket(socket: Socket): void
}

type Transform = {
  _transform(chunk: Buffer, encoding: string, done: (error?: Error) => void): void
  push(data: unknown): void
}

type Internals = Client & {
  serializer: { writableLength: number }
  splitter: Transform & { recognizeLegacyPing: boolean }
  deserializer: Transform & { parsePacketBuffer(buffer: Buffer): unknown }
  decompressor: Transform | null
  setSerializer(state: string): void
  setCompressionThreshold(threshold: number): void
}

export type ClientConstructor = new (
  isServer: boolean,
  version: string,
  customPackets?: object,
  hideErrors?: boolean,
) => Client

/** Names of the packets that matter, by their toclient ids in one version, and the id of the one that leaves play. */
export type PacketIds = {
  play: ReadonlyMap<number, string>
  configuration: ReadonlyMap<number, string>
  startConfiguration: number | undefined
}

/** `protocol` is minecraft-data's description of one version. */
export function packetIds(protocol: unknown): PacketIds {
  const { play, configuration } = protocol as { play: StateDescription; configuration?: StateDescription }
  return {
    play: namesById(play, PLAY_PACKETS),
    configuration: namesById(configuration, CONFIGURATION_PACKETS),
    startConfiguration: namesById(play, new Set(['start_configuration']))
      .keys()
      .next().value,
  }
}

function namesById(state: StateDescription | undefined, wanted: ReadonlySet<string>): Map<number, string> {
  const mappings = state?.toClient.types.packet[1][0]?.type[1].mappings ?? {}
  const ids = Object.entries(mappings).map(([id, name]) => [Number(id), name] as const)
  return new Map(ids.filter(([, name]) => wanted.has(name)))
}

type StateDescription = {
  toClient: { types: { packet: [string, { type: [string, { mappings: { [id: string]: string } }] }[]] } }
}

export type LeanHooks = {
  ids: PacketIds
  /** A frame arrived, read or passed over. */
  onFrame(): void
  /** The connection can't go on: over the limits, or the library threw. */
  onFault(error: Error): void
}

/** The library's `Client`, with three stream stages, `emit`, `write` and `end` replaced. */
export function leanClient(Base: ClientConstructor, hooks: LeanHooks): ClientConstructor {
  const { ids, onFrame, onFault } = hooks

  return class LeanClient extends (Base as new (...args: unknown[]) => Internals) {
    constructor(...args: unknown[]) {
      super(...args)
      this.#replaceSplitter()
    }

    /** The library keeps 1,024 messages to report players with, however large they are. */
    get _lastChatHistory() {
      return { push() {} }
    }

    set _lastChatHistory(_kept: unknown) {}

    /** Every handler of the library runs inside an emit: what it throws on odd input ends this connection, no more. */
    override emit(event: string, ...args: unknown[]): boolean {
      try {
        if (event === 'encryption_begin') assertUsableKey(args[0])
        if (event === 'start_configuration' && this.state === 'play')
          for (const name of ONCE_CONFIGURING) this.removeAllListeners(name)
        if (OWN_PACKETS.has(event)) return this.#emitOwn(event, args)
        return super.emit(event, ...args)
      } catch (error) {
        onFault(error instanceof Error ? error : new Error(String(error)))
        return false
      }
    }

    #emitOwn(event: string, args: unknown[]): boolean {
      const heard = super.emit(ownEvent(event as ChatPacketName), ...args)
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

    override setSerializer(state: string) {
      super.setSerializer(state)
      const { deserializer } = this
      const names = state === 'play' ? ids.play : state === 'configuration' ? ids.configuration : undefined
      // A packet that the library can't parse (a mod's, say) is passed over; the stream must survive it.
      deserializer._transform = (packet, _encoding, done) => {
        try {
          if (isWanted(packet, names)) deserializer.push(deserializer.parsePacketBuffer(packet))
        } catch {}
        done()
      }
    }

    override setCompressionThreshold(threshold: number) {
      super.setCompressionThreshold(threshold)
      const { decompressor } = this
      if (!decompressor) return
      decompressor._transform = (frame, _encoding, done) => {
        try {
          decompressor.push(inflateFrame(frame))
        } catch (error) {
          onFault(new Error(`the server sent a packet that can't be inflated: ${String(error)}`))
        }
        done()
      }
    }

    #replaceSplitter() {
      const { splitter } = this
      let pending = Buffer.alloc(0)
      let leaving = false
      let broken = false
      this.on('state', (state: string) => {
        if (state !== 'play') leaving = false
      })
      const wanted = (frame: Buffer) => {
        if (this.state !== 'play' || leaving) return true
        const id = frameId(frame, this.decompressor !== null)
        if (id === undefined) return true
        if (id === ids.startConfiguration) leaving = true
        return ids.play.has(id)
      }
      splitter._transform = (chunk, _encoding, done) => {
        if (broken) return done()
        const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
        let offset = 0
        while (offset < bytes.length) {
          // Three bytes of length hold vanilla's limit and no more.
          const { value: length, size } = readVarint(bytes, offset, 3)
          if (size < 0) {
            broken = true
            onFault(new Error(`the server sent a frame over vanilla's limit of ${MAX_FRAME_BYTES} bytes`))
            return done()
          }
          if (size === 0 || bytes.length < offset + size + length) break
          const frame = bytes.subarray(offset + size, offset + size + length)
          offset += size + length
          onFrame()
          if (length > 0 && wanted(frame)) splitter.push(frame)
        }
        pending = offset === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(offset))
        done()
      }
    }
  } as unknown as ClientConstructor
}

/** Whether a packet is to be parsed; without `names`, all that are not too large. */
function isWanted(packet: Buffer, names: ReadonlyMap<number, string> | undefined): boolean {
  if (packet.length > MAX_PARSED_BYTES) return false
  if (names === undefined) return true
  const name = names.get(idAt(packet, 0) ?? -1)
  if (name === undefined) return false
  return packet.length <= MAX_CHAT_BYTES || !CHAT_NAMES.has(name)
}

/** The packet id of a frame; undefined where it can't be told without reading it all. */
function frameId(frame: Buffer, compressed: boolean): number | undefined {
  if (!compressed) return idAt(frame, 0)
  const { value: inflatedBytes, size } = readVarint(frame, 0, 5)
  if (size <= 0) return undefined
  if (inflatedBytes === 0) return idAt(frame, size)
  try {
    const head = frame.subarray(size, size + ID_PREFIX_BYTES)
    return idAt(unzipSync(head, { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: MAX_INFLATED_BYTES }), 0)
  } catch {
    return undefined
  }
}

function idAt(bytes: Buffer, offset: number): number | undefined {
  const { value, size } = readVarint(bytes, offset, 5)
  return size > 0 ? value : undefined
}

function inflateFrame(frame: Buffer): Buffer {
  const { value: inflatedBytes, size } = readVarint(frame, 0, 5)
  if (inflatedBytes === 0) return frame.subarray(size)
  if (inflatedBytes > MAX_INFLATED_BYTES) throw new Error(`${inflatedBytes} bytes are over vanilla's limit`)
  return unzipSync(frame.subarray(size), { maxOutputLength: MAX_INFLATED_BYTES })
}

/** The library uses the server's key in a callback where a throw could not be caught: so it is used here, before. */
function assertUsableKey(packet: unknown): void {
  const { publicKey, verifyToken } = packet as { publicKey?: unknown; verifyToken?: unknown }
  if (!Buffer.isBuffer(publicKey) || !Buffer.isBuffer(verifyToken))
    throw new Error('encryption request without a key')
  const base64 = publicKey.toString('base64').replace(/.{64}/g, '$&\n')
  const key = `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`
  try {
    for (const secret of [Buffer.alloc(16), verifyToken])
      publicEncrypt({ key, padding: rsa.RSA_PKCS1_PADDING }, secret)
  } catch (error) {
    throw new Error('encryption request with an unusable key', { cause: error })
  }
}
