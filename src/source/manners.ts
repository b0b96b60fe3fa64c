/** What a client must answer so as not to be a burden, or be thrown out: one row a packet of the server. */
import type { Log } from '../log.ts'
import type { Client } from './client.ts'
import { oneLine } from './disconnect.ts'

type Packet = Record<string, unknown>

/** Of a resource pack: accepted, and loaded. Nothing is downloaded. */
const PACK_ACCEPTED = 3
const PACK_LOADED = 0

/** Small chunks are not wanted either; the server takes this for a slow client. */
const CHUNKS_PER_TICK = 4

/** A login that is sent back into the configuration phase more often than this within one connection is no login. */
const MAX_RECONFIGURATIONS = 100

const ANSWERS: { [name: string]: (client: Client, packet: Packet) => void } = {
  keep_alive: (client, { keepAliveId }) => client.write('keep_alive', { keepAliveId }),
  // Of a mod or of a proxy: without data, the answer of vanilla's client, "not understood".
  login_plugin_request: (client, { messageId }) => client.write('login_plugin_response', { messageId }),
  ping: (client, { id }) => client.write('pong', { id }),
  // What served as a ping before 1.17, to guards against cheats above all.
  transaction: (client, { windowId, action, accepted }) => {
    if (accepted === false) client.write('transaction', { windowId, action, accepted: true })
  },
  cookie_request: (client, packet) =>
    client.write('cookie_response', { key: packet.key ?? packet.cookie, value: undefined }),
  // Up to 1.20.2; from 1.20.3 on a pack has a UUID.
  resource_pack_send: client => {
    client.write('resource_pack_receive', { result: PACK_ACCEPTED })
    client.write('resource_pack_receive', { result: PACK_LOADED })
  },
  add_resource_pack: (client, { uuid }) => {
    client.write('resource_pack_receive', { uuid, result: PACK_ACCEPTED })
    client.write('resource_pack_receive', { uuid, result: PACK_LOADED })
  },
  position: (client, { teleportId }) => {
    if (teleportId !== undefined) client.write('teleport_confirm', { teleportId })
  },
  chunk_batch_finished: client => client.write('chunk_batch_received', { chunksPerTick: CHUNKS_PER_TICK }),
  update_health: (client, { health }) => {
    if (typeof health === 'number' && health <= 0)
      client.write('client_command', { actionId: 'perform_respawn' })
  },
}

/** Answers for as long as the client lives. `settings` asks for view distance 2, the smallest. */
export function mindManners(client: Client, options: { log: Log; tooManyReconfigurations(): void }): void {
  for (const [name, answer] of Object.entries(ANSWERS))
    client.on(name, (packet: Packet) => answer(client, packet))
  client.once('transfer', ({ host, port }: Packet) => {
    const to = oneLine(`${String(host)}:${String(port)}`)
    options.log.warn(
      { to },
      `the server wants to transfer the bot to ${to}; the bridge stays with the server of its config`,
    )
  })
  let reconfigurations = 0
  client.on('start_configuration', () => {
    reconfigurations += 1
    if (reconfigurations > MAX_RECONFIGURATIONS) options.tooManyReconfigurations()
  })
}

/** Of the smallest view; the library sends them itself in the configuration phase (1.20.2 and later). */
export const CLIENT_SETTINGS = {
  locale: 'en_us',
  viewDistance: 2,
  chatFlags: 0,
  chatColors: true,
  skinParts: 127,
  mainHand: 1,
  enableTextFiltering: false,
  enableServerListing: true,
  particleStatus: 'minimal',
} as const
