/**
 * The protocol library's client, made safe and lean: frames within vanilla's limits, only the packets that matter
 * parsed, and nothing that a server sends can throw past it. Design and measurements: facts/client-cost.md.
 * What is overridden is private to minecraft-protocol 1.68 (the version is pinned in package.json).
 */
import { createPublicKey } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { unzipSync, constants as zlib } from 'node:zlib'
import { CHAT_PACKETS } from './chat.ts'
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

/** Toclient ids of the packets that matter, and of the one that leaves play, in one version. */
export type PacketIds = { wanted: ReadonlySet<number>; startConfiguration: number | undefined }

/** `protocol` is minecraft-data's description of one version. */
export function packetIds(protocol: unknown): PacketIds {
  const mappings = (protocol as ProtocolDescription).play.toClient.types.packet[1][0]?.type[1].mappings ?? {}
  const ids = Object.entries(mappings).map(([id, name]) => [Number(id), name] as const)
  return {
    wanted: new Set(ids.filter(([, name]) => PLAY_PACKETS.has(name)).map(([id]) => id)),
    startConfiguration: ids.find(([, name]) => name === 'start_configuration')?.[0],
  }
}

type ProtocolDescription = {
  play: {
    toClient: { types: { packet: [string, { type: [string, { mappings: { [id: string]: string } }] }[]] } }
  }
}

export type LeanHooks = {
  ids: PacketIds
  /** A frame arrived, read or passed over. */
  onFrame(): void
  /** The connection can't go on: over the limits, or the library threw. */
  onFault(error: Error): void
}

/** The library's `Client`, with three stream stages and `emit` replaced. */
export function leanClient(Base: ClientConstructor, hooks: LeanHooks): ClientConstructor {
  const { ids, onFrame, onFault } = hooks

  return class LeanClient extends (Base as new (...args: unknown[]) => Internals) {
    constructor(...args: unknown[]) {
      super(...args)
      this.#replaceSplitter()
    }

    /** Every handler of the library runs inside an emit: what it throws on odd input ends this connection, no more. */
    override emit(event: string, ...args: unknown[]): boolean {
      try {
        if (event === 'encryption_begin') assertUsableKey(args[0])
        return super.emit(event, ...args)
      } catch (error) {
        onFault(error instanceof Error ? error : new Error(String(error)))
        return false
      }
    }

    override setSerializer(state: string) {
      super.setSerializer(state)
      const { deserializer } = this
      // A packet that the library can't parse (a mod's, say) is passed over; the stream must survive it.
      deserializer._transform = (frame, _encoding, done) => {
        try {
          deserializer.push(deserializer.parsePacketBuffer(frame))
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
      this.on('state', (state: string) => {
        if (state !== 'play') leaving = false
      })
      const wanted = (frame: Buffer) => {
        if (this.state !== 'play' || leaving) return true
        const id = frameId(frame, this.decompressor !== null)
        if (id === undefined) return true
        if (id === ids.startConfiguration) leaving = true
        return ids.wanted.has(id)
      }
      splitter._transform = (chunk, _encoding, done) => {
        const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
        let offset = 0
        while (offset < bytes.length) {
          const { value: length, size } = readVarint(bytes, offset, 3)
          if (size < 0 || length > MAX_FRAME_BYTES) {
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

/** The library uses the server's key in a callback where a throw could not be caught. */
function assertUsableKey(packet: unknown): void {
  const { publicKey, verifyToken } = packet as { publicKey?: unknown; verifyToken?: unknown }
  if (!Buffer.isBuffer(publicKey) || !Buffer.isBuffer(verifyToken))
    throw new Error('encryption request without a key')
  const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
  const bytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8
  if (key.asymmetricKeyType !== 'rsa' || bytes - 11 < Math.max(verifyToken.length, 16))
    throw new Error('encryption request with an unusable key')
}
