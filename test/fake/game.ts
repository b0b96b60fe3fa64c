/** Game servers on free ports of loopback: the protocol library's, which keeps what it receives, and ones of bare bytes. */
import { type EventEmitter, once } from 'node:events'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { deflateSync } from 'node:zlib'
import minecraftData from 'minecraft-data'
import library from 'minecraft-protocol'
import { encodeVarint } from '../../src/source/varint.ts'
import { until } from './until.ts'

export type Nbt = { type: string; value: unknown }
export type Received = { state: string; name: string; params: { [field: string]: unknown } }

/** One client as the game server sees it. */
export type Guest = {
  connection: Connection
  received: Received[]
  /** All packets of this name that came, with their fields. */
  got(name: string): Received['params'][]
  write(name: string, params: object): void
}

type Connection = EventEmitter & {
  state: string
  username: string
  socket: Socket
  closeTimer: NodeJS.Timeout | null
  write(name: string, params: object): void
  writeBundle(packets: [string, object][]): void
  writeRaw(bytes: Buffer): void
  end(reason: string, component?: unknown): void
  compressionThreshold: number
}

export type Game = {
  port: number
  /** Everybody who ever connected, pings too. */
  guests: Guest[]
  /** Resolves with the client that joins as this number, from 1. */
  joined(number: number): Promise<Guest>
  stop(): Promise<void>
}

type Data = {
  version: { minecraftVersion: string; version: number }
  loginPacket?: object
  supportFeature(name: string): boolean
}

type Serializer = { createPacketBuffer(packet: { name: string; params: object }): Buffer }

type GameServer = EventEmitter & {
  socketServer: ReturnType<typeof createSocketServer>
  onlineModeExceptions: { [name: string]: true }
}

type Library = {
  createServer(options: object): GameServer
  createSerializer(options: { state: string; isServer: boolean; version: string }): Serializer
}

const { createServer, createSerializer } = library as unknown as Library

export function dataOf(version: string): Data {
  const data = (minecraftData as unknown as (version: string) => Data | null)(version)
  if (!data) throw new Error(`the protocol library does not know ${version}`)
  return data
}

export function loginParams(version: string): object {
  const before1_16 = {
    entityId: 1,
    gameMode: 0,
    dimension: 0,
    difficulty: 0,
    maxPlayers: 20,
    levelType: 'default',
    reducedDebugInfo: false,
  }
  return dataOf(version).loginPacket ?? before1_16
}

/** A game server of one version, in offline mode. `beforeLogin` may turn guests away, or be rude to them. */
export async function startGame(
  version: string,
  options: {
    port?: number
    /** With a key exchange, as in online mode, but without asking Mojang who it is. */
    encrypted?: boolean
    beforeLogin?(connection: Connection): void
    onJoin?(guest: Guest): void
  } = {},
): Promise<Game> {
  const guests: Guest[] = []
  const joined: Guest[] = []
  const sockets = new Set<Socket>()
  const server = createServer({
    host: '127.0.0.1',
    port: options.port ?? 0,
    version,
    'online-mode': false,
    keepAlive: false,
    hideErrors: true,
    errorHandler: (connection: Connection) => connection.socket.destroy(),
    ...(options.beforeLogin && { beforeLogin: options.beforeLogin }),
  })
  server.on('connection', (connection: Connection) => {
    const received: Received[] = []
    if (options.encrypted) exceptForKey(server, connection)
    sockets.add(connection.socket)
    connection.on('packet', (params: Received['params'], { state, name }: Received) => {
      received.push({ state, name, params })
    })
    guests.push({
      connection,
      received,
      got: name => received.filter(packet => packet.name === name).map(({ params }) => params),
      write: (name, params) => connection.write(name, params),
    })
  })
  server.on('playerJoin', (connection: Connection) => {
    const guest = guests.find(one => one.connection === connection)
    if (!guest) return
    connection.write('login', loginParams(version))
    joined.push(guest)
    options.onJoin?.(guest)
  })
  await once(server, 'listening')
  const game: Game = {
    port: (server.socketServer.address() as AddressInfo).port,
    guests,
    async joined(number) {
      await until(`guest ${number} joins`, () => joined.length >= number)
      const guest = joined[number - 1]
      if (!guest) throw new Error('nobody joined')
      return guest
    },
    async stop() {
      if (!running.delete(game)) return
      const closed = once(server.socketServer, 'close')
      server.socketServer.close()
      for (const socket of sockets) socket.destroy()
      for (const { connection } of guests) clearTimeout(connection.closeTimer ?? undefined)
      await closed
    },
  }
  running.add(game)
  return game
}

/** Sends a client in play back into the configuration phase, and lets it out again; `within` is what is said there. */
export async function reconfigure({ connection, got, write }: Guest, within = () => {}): Promise<void> {
  const round = got('finish_configuration').length
  connection.once('configuration_acknowledged', () => {
    connection.state = 'configuration'
    within()
    write('finish_configuration', {})
  })
  connection.once('finish_configuration', () => {
    connection.state = 'play'
  })
  write('start_configuration', {})
  await until(
    'the client is through the configuration phase',
    () => got('finish_configuration').length > round,
  )
}

const running = new Set<{ stop(): Promise<void> }>()

/** Stops whatever a test left running, so that one that fails does not keep the run from its end. */
export async function stopServers(): Promise<void> {
  await Promise.all([...running].map(server => server.stop()))
}

/** Who is an exception from offline mode gets a key to encrypt with; who is none any more when it answers is let in. */
function exceptForKey(server: GameServer, connection: Connection) {
  const exceptions = server.onlineModeExceptions
  connection.prependOnceListener('login_start', ({ username }: { username: string }) => {
    exceptions[username.toLowerCase()] = true
    connection.once('encryption_begin', () => delete exceptions[username.toLowerCase()])
  })
}

export type BareServer = {
  port: number
  sockets: Socket[]
  stop(): Promise<void>
}

/** A server of bytes: `talk` has each connection to itself. */
export async function startBare(talk: (socket: Socket, number: number) => void): Promise<BareServer> {
  const sockets: Socket[] = []
  const server = createSocketServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.resume()
    talk(socket, sockets.length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bare: BareServer = {
    port: (server.address() as AddressInfo).port,
    sockets,
    async stop() {
      if (!running.delete(bare)) return
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
  running.add(bare)
  return bare
}

/** A port of loopback at which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = await startBare(() => {})
  await server.stop()
  return server.port
}

/** The bytes of a packet from a server, without the frame around it. */
export function packetBytes(version: string, state: string, name: string, params: object): Buffer {
  return createSerializer({ state, isServer: true, version }).createPacketBuffer({ name, params })
}

export function frame(bytes: Buffer): Buffer {
  return Buffer.concat([encodeVarint(bytes.length), bytes])
}

/** A frame after compression was switched on: what is shorter than the threshold goes as it is. */
export function compressedFrame(bytes: Buffer, threshold = 256): Buffer {
  const plain = bytes.length < threshold
  return frame(Buffer.concat([encodeVarint(plain ? 0 : bytes.length), plain ? bytes : deflateSync(bytes)]))
}

/** What a server in offline mode sends until the client is in play; `wrap` is how frames look from there on. */
export function loginBytes(
  version: string,
  options: { threshold?: number } = {},
): { bytes: Buffer; wrap(bytes: Buffer): Buffer } {
  const { threshold } = options
  const wrap = threshold === undefined ? frame : (bytes: Buffer) => compressedFrame(bytes, threshold)
  const success = {
    uuid: '00000000-0000-3000-8000-000000000001',
    username: 'Bot',
    properties: [],
    strictErrorHandling: false,
  }
  const parts = [wrap(packetBytes(version, 'login', 'success', success))]
  if (threshold !== undefined) parts.unshift(frame(packetBytes(version, 'login', 'compress', { threshold })))
  if (dataOf(version).supportFeature('hasConfigurationState'))
    parts.push(wrap(packetBytes(version, 'configuration', 'finish_configuration', {})))
  parts.push(wrap(packetBytes(version, 'play', 'login', loginParams(version))))
  return { bytes: Buffer.concat(parts), wrap }
}

/** A plain text as the version's chat carries it. */
export function textFor(version: string, text: string): string | Nbt {
  return dataOf(version).supportFeature('chatPacketsUseNbtComponents')
    ? { type: 'compound', value: { text: { type: 'string', value: text } } }
    : JSON.stringify({ text })
}

/** A line from the server itself, as the version sends it: name and fields of the packet. */
export function systemChat(version: string, content: string | Nbt): [string, object] {
  const number = dataOf(version).version.version
  if (number < 759) {
    const sender = '00000000-0000-0000-0000-000000000000'
    return ['chat', { message: content, position: 1, sender }]
  }
  return ['system_chat', { content, type: 1, isActionBar: false }]
}
