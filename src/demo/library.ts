/** The demo's one door to minecraft-protocol's server and to minecraft-data; what they leave untyped is narrowed here. */
import { createHash } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import type { AddressInfo, Socket, Server as SocketServer } from 'node:net'
import minecraftData from 'minecraft-data'
import protocol from 'minecraft-protocol'

/** prismarine-nbt's typed tree: lists carry their element type once, compounds are maps of nodes. */
export type Nbt = { type: string; value: unknown }

/** A packet by the library's name for it. Fields that a version does not have are left out on the wire. */
export type Packet = { name: string; params: object }

/** What the practice server uses of a connection. */
export type Connection = EventEmitter & {
  id: number
  state: string
  username: string
  uuid: string
  socket: Socket
  /** The library's own timer of 30 s after `end`, which would keep the process alive. */
  closeTimer: NodeJS.Timeout | null
  write(name: string, params: object): void
  /** `reason` is the whole component of the kick, ready for the wire. */
  end(word: string, reason?: string | Nbt): void
}

export type LibraryServer = EventEmitter & {
  clients: { [id: string]: Connection }
  socketServer: SocketServer
}

/** Registries of one version: one NBT tree up to 1.20.4, a table of entries from 1.20.5 on. */
export type Codec = Nbt | CodecTable
export type CodecTable = { [registry: string]: { id: string; entries: { key: string; value?: Nbt }[] } }

type Types = { [name: string]: unknown }

type MinecraftData = {
  version: { minecraftVersion: string; version: number; '>=': (other: string) => boolean }
  protocol: { types: Types; play: { toClient: { types: Types } } }
  loginPacket?: { [field: string]: unknown; dimensionCodec?: Codec }
  blocksByName: { [name: string]: { id: number; defaultState?: number } | undefined }
}

type Protocol = { createServer(options: object): LibraryServer }

/** One version of the game, as far as a server must know it. */
export type Edition = {
  version: string
  atLeast(version: string): boolean
  hasPacket(name: string): boolean
  /** The fields of a recorded `login` packet; empty before 1.16. */
  login: { [field: string]: unknown }
  codec: Codec | undefined
  /** The number by which packets name an entry of a registry. */
  registryId(registry: string, key: string): number | undefined
  /** The state id of a block as it is placed by default. */
  block(name: string): number
  /** Listens at once; `listening` or `error` follows. */
  createServer(options: {
    host: string
    port: number
    motd: string
    maxPlayers: number
    beforeLogin(client: Connection): void
  }): LibraryServer
}

export function loadEdition(version: string): Edition {
  const data = (minecraftData as unknown as (version: string) => MinecraftData | null)(version)
  if (!data) throw new Error(`Minecraft ${version} is unknown to the protocol library`)
  const { dimensionCodec, ...login } = data.loginPacket ?? {}
  const types = { ...data.protocol.types, ...data.protocol.play.toClient.types }
  const flattened = data.version['>=']('1.13')
  return {
    version: data.version.minecraftVersion,
    atLeast: other => data.version['>='](other),
    hasPacket: name => `packet_${name}` in types,
    login,
    codec: dimensionCodec,
    registryId: (registry, key) => registryIds(dimensionCodec, registry).get(key),
    block: name => {
      const block = data.blocksByName[name]
      if (!block) throw new Error(`Minecraft ${version} has no block ${name}`)
      return flattened ? (block.defaultState ?? 0) : block.id << 4
    },
    createServer: options =>
      (protocol as unknown as Protocol).createServer({
        ...options,
        version: data.version.minecraftVersion,
        'online-mode': false,
        hideErrors: true,
        enforceSecureProfile: false,
        // The library would write a kick to a connection that has just failed, and start a timer of 30 s.
        errorHandler: (client: Connection) => client.socket.destroy(),
      }),
  }
}

export function isTable(codec: Codec | undefined): codec is CodecTable {
  return codec !== undefined && codec.type !== 'compound'
}

function registryIds(codec: Codec | undefined, registry: string): Map<string, number> {
  if (codec === undefined) return new Map()
  if (isTable(codec)) return new Map(codec[registry]?.entries.map(({ key }, index) => [key, index]))
  // `{ value: [{ name, id, element }] }`, as typed NBT.
  type Entries = { value: { value: { value: { value: { name: Nbt; id: Nbt }[] } } } }
  const entries = (codec.value as { [registry: string]: Entries | undefined })[registry]?.value.value.value
    .value
  return new Map(entries?.map(({ name, id }) => [String(name.value), Number(id.value)]))
}

/** The port that a listening server got. */
export function portOf(server: LibraryServer): number {
  return (server.socketServer.address() as AddressInfo).port
}

/** The UUID that a server in offline mode gives to a name: version 3 over `OfflinePlayer:<name>`. */
export function offlineUuid(name: string): string {
  const bytes = createHash('md5').update(`OfflinePlayer:${name}`).digest()
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x30
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5')
}
