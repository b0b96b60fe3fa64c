/** The chat packets of every version, 1.12.2 to the newest, as one shape. Source: facts/chat-and-log.md section 1. */
import { type Component, parseComponent, shownText, textOf } from './component.ts'

export type ChatMessage = {
  /**
   * `system`: from the server itself, a plugin or a console command such as `tellraw`.
   * `player`: typed by a player, whose client the server knows. `disguised`: a command such as `/say` or `/me`.
   */
  kind: 'system' | 'player' | 'disguised'
  sender?: { uuid?: string; name?: string }
  component: Component
  /** What is shown, without style. */
  text: string
  /** What the player typed, on `player` messages and on whispers. */
  typed?: string
}

/** The names of the packets that carry chat; no other needs to be read for it. */
export const CHAT_PACKETS = ['chat', 'system_chat', 'player_chat', 'profileless_chat'] as const
export type ChatPacketName = (typeof CHAT_PACKETS)[number]

/** A chat packet as the protocol library parsed it; undefined for what is no chat (action bar) or can't be read. */
export function readChatPacket(
  name: ChatPacketName,
  packet: Record<string, unknown>,
): ChatMessage | undefined {
  switch (name) {
    case 'chat':
      return readOldChat(packet)
    case 'system_chat':
      // 1.19 says `type` 2 for the action bar, later versions say `isActionBar`.
      if (packet.isActionBar === true || packet.type === 2) return undefined
      return fromComponent('system', parseComponent(packet.content))
    case 'player_chat':
      return readPlayerChat(packet)
    case 'profileless_chat':
      return fromComponent('disguised', parseComponent(packet.message), { name: nameOf(packet.name) })
    default:
      return name satisfies never
  }
}

function fromComponent(
  kind: ChatMessage['kind'],
  component: Component | undefined,
  sender?: ChatMessage['sender'],
): ChatMessage | undefined {
  if (component === undefined) return undefined
  return { kind, component, text: shownText(component), ...(sender && { sender }) }
}

/** 1.12.2 to 1.18.2: one packet for all, told apart by its position (0 chat, 1 system, 2 action bar). */
function readOldChat(packet: Record<string, unknown>): ChatMessage | undefined {
  if (packet.position === 2) return undefined
  const component = parseComponent(packet.message)
  if (packet.position !== 0) return fromComponent('system', component)
  if (component?.translate !== 'chat.type.text' || component.with.length < 2) {
    // A plugin's own chat format, `/say` or `/me`: the typed text can't be told from the name.
    return fromComponent('disguised', component, uuidOf(packet.sender))
  }
  const [who, what] = component.with
  const typed = what && textOf(what)
  const sender = { ...uuidOf(packet.sender), name: who && nameIn(who) }
  return { kind: 'player', component, text: textOf(component), typed, sender }
}

/** 1.19 and later. 1.19 itself signs a component; later versions send the plain text beside it. */
function readPlayerChat(packet: Record<string, unknown>): ChatMessage | undefined {
  const typed =
    typeof packet.plainMessage === 'string'
      ? packet.plainMessage
      : plainTextOf(packet.signedChatContent ?? packet.unsignedChatContent)
  if (typed === undefined) return undefined
  const name = nameOf(packet.networkName ?? packet.senderName)
  const component: Component = {
    text: '',
    translate: 'chat.type.text',
    with: [name ?? '', typed].map(text => ({ text, with: [], children: [] })),
    children: [],
  }
  const kind = isSpokenToAll(packet.type) ? 'player' : 'disguised'
  return { kind, component, text: textOf(component), typed, sender: { ...uuidOf(packet.senderUuid), name } }
}

/**
 * Whispers, `/say`, `/me` and team messages are player chat too from 1.19 on, told apart by their type: the index in
 * vanilla's registry, where 0 is chat and 1 to 6 are the others; what comes after them is a plugin's form of chat.
 */
function isSpokenToAll(type: unknown): boolean {
  const index = typeof type === 'object' && type !== null ? (type as { chatType?: unknown }).chatType : type
  return typeof index !== 'number' || index === 0 || index > 6
}

function plainTextOf(raw: unknown): string | undefined {
  const component = parseComponent(raw)
  return component && textOf(component)
}

/** The player's name: what a click would insert is the account's name, where the shown one may be decorated. */
function nameOf(raw: unknown): string | undefined {
  const component = parseComponent(raw)
  return component && nameIn(component)
}

function nameIn(component: Component): string {
  return component.insertion ?? textOf(component)
}

function uuidOf(value: unknown): { uuid?: string } {
  return typeof value === 'string' && /^[0-9a-f-]{32,36}$/i.test(value) ? { uuid: value.toLowerCase() } : {}
}
