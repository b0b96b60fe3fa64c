/** A plain `net` server of 1.21.4 that says what it is told to say. It answers pings, lets everybody in and checks nothing. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import minecraftData from 'minecraft-data'
import { readVarint } from '../../src/source/varint.ts'
import { frame, PROTOCOL, packet, plainFrame, spawnPackets, THRESHOLD, VERSION } from './stream.ts'

export type GameServer = {
  port: number
  /** Sockets of those in play, in the order in which they came. */
  guests: Socket[]
  /** Resolves when so many are in play. */
  joined(count: number): Promise<void>
  /** For the next children. */
  forget(): void
  stop(): Promise<void>
}

type Mappings = {
  toServer: { types: { packet: [string, { type: [string, { mappings: { [id: string]: string } }] }[]] } }
}
type Data = {
  protocol: { [state: string]: Mappings }
  loginPacket: { dimensionCodec: { [registry: string]: object } }
}

const data = (minecraftData as unknown as (version: string) => Data)(VERSION)

function nameOf(state: string, id: number): string | undefined {
  const mappings = data.protocol[state]?.toServer.types.packet[1][0]?.type[1].mappings ?? {}
  return mappings[`0x${id.toString(16).padStart(2, '0')}`]
}

/** What is sent at each step of a login. */
function loginSteps() {
  const { dimensionCodec, ...login } = data.loginPacket
  const uuid = '00000000-0000-3000-8000-000000000001'
  const success = { uuid, username: 'Bot', properties: [], strictErrorHandling: false }
  const spot = { teleportId: 1, x: 0, y: 70, z: 0, dx: 0, dy: 0, dz: 0, yaw: 0, pitch: 0, flags: {} }
  return {
    login_start: Buffer.concat([
      plainFrame(packet('login', 'compress', { threshold: THRESHOLD })),
      frame(packet('login', 'success', success)),
    ]),
    login_acknowledged: Buffer.concat([
      ...Object.values(dimensionCodec).map(registry =>
        frame(packet('configuration', 'registry_data', registry)),
      ),
      frame(packet('configuration', 'finish_configuration', {})),
    ]),
    finish_configuration: Buffer.concat(
      [
        packet('play', 'login', login),
        packet('play', 'position', spot),
        packet('play', 'update_health', { health: 20, food: 20, foodSaturation: 5 }),
        ...spawnPackets(),
      ].map(frame),
    ),
  }
}

export async function startServer(): Promise<GameServer> {
  const steps: { [packet: string]: Buffer } = loginSteps()
  const sockets = new Set<Socket>()
  let guests: Socket[] = []
  let onJoin = () => {}
  const server = createServer(socket => {
    socket.setNoDelay(true)
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    talk(socket)
  })

  function talk(socket: Socket) {
    let state = 'handshaking'
    let compressed = false
    let held = Buffer.alloc(0)
    socket.on('data', bytes => {
      if (state === 'play') return
      held = Buffer.concat([held, bytes])
      for (;;) {
        const { value: length, size } = readVarint(held, 0, 3)
        if (size <= 0 || held.length < size + length) return
        const body = held.subarray(size, size + length)
        held = held.subarray(size + length)
        const name = nameOf(state, readVarint(body, compressed ? 1 : 0, 5).value)
        if (name === 'set_protocol') state = body.at(-1) === 1 ? 'status' : 'login'
        else if (name === 'ping_start') socket.write(plainFrame(statusAnswer()))
        const answer = name === undefined ? undefined : steps[name]
        if (answer) socket.write(answer)
        if (name === 'login_start') compressed = true
        else if (name === 'login_acknowledged') state = 'configuration'
        else if (name === 'finish_configuration') {
          state = 'play'
          guests.push(socket)
          onJoin()
          return
        }
      }
    })
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get guests() {
      return guests
    },
    joined: count =>
      new Promise(resolve => {
        onJoin = () => {
          if (guests.length >= count) resolve()
        }
        onJoin()
      }),
    forget: () => {
      for (const socket of sockets) socket.destroy()
      guests = []
    },
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function statusAnswer(): Buffer {
  const status = { version: { name: VERSION, protocol: PROTOCOL }, players: { max: 20, online: 0 } }
  return packet('status', 'server_info', { response: JSON.stringify(status) })
}
