/** The packets that the bot uses, by the protocol library's names for them; no other is read, and no other compiled. */
import { CHAT_PACKETS } from './chat.ts'
import { type ProtocolDescription, packetNames } from './codec.ts'

/** All that is read in play; everything else is passed over without being parsed, or buffered further. */
const PLAY: ReadonlySet<string> = new Set([
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
const CONFIGURATION: ReadonlySet<string> = new Set([
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

/** All that is said in play, by the library's features and by ours. */
const SAID_IN_PLAY: ReadonlySet<string> = new Set([
  'chat',
  'chat_message',
  'chat_command',
  'chat_command_signed',
  'chat_preview',
  'chat_session_update',
  'message_acknowledgement',
  'settings',
  'keep_alive',
  'pong',
  'transaction',
  'teleport_confirm',
  'chunk_batch_received',
  'client_command',
  'resource_pack_receive',
  'cookie_response',
  'configuration_acknowledged',
])

const SAID_WHILE_CONFIGURING: ReadonlySet<string> = new Set([
  'settings',
  'select_known_packs',
  'accept_code_of_conduct',
  'finish_configuration',
  'keep_alive',
  'pong',
  'resource_pack_receive',
  'cookie_response',
])

type Wanted = { toClient?: ReadonlySet<string>; toServer?: ReadonlySet<string> }

/** What is used in a state; all of the states that only lead to play, which are small. */
export function wantedIn(state: string): Wanted {
  if (state === 'play') return { toClient: PLAY, toServer: SAID_IN_PLAY }
  if (state === 'configuration') return { toClient: CONFIGURATION, toServer: SAID_WHILE_CONFIGURING }
  return {}
}

/** Names of the packets that are read, by their ids in one version; undefined for a state of which all are. */
export type ReadNames = { [state: string]: ReadonlyMap<number, string> | undefined }

export function readNames(protocol: ProtocolDescription): ReadNames {
  const of = (state: string) => {
    const { toClient } = wantedIn(state)
    return new Map([...packetNames(protocol, state, 'toClient')].filter(([, name]) => toClient?.has(name)))
  }
  return { play: of('play'), configuration: of('configuration') }
}
