/** A client of the protocol library on the practice server: keeps what it hears, and leaves nothing behind. */
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import protocol from 'minecraft-protocol'
import { type Component, plainText } from '../../src/demo/component.ts'

/** One packet of chat, as the library handed it over. */
export type Heard = {
  packet: 'chat' | 'system_chat' | 'player_chat' | 'profileless_chat'
  /** The component: NBT from 1.20.3 on, a JSON string before. */
  raw: unknown
  text: string
  params: { [field: string]: unknown }
}

export type TestClient = {
  heard: Heard[]
  /** Every packet of play, by name, the last of each. */
  packets: Map<string, { [field: string]: unknown }>
  /** What the server said before it closed the connection. */
  kicked(): string | undefined
  kickReason(): unknown
  ended(): boolean
  errors: Error[]
  chat(text: string): void
  /** Writes a packet as it is, past the library's own chat. */
  write(name: string, params: object): void
  close(): void
}

type LibraryClient = EventEmitter & {
  state: string
  socket?: Socket
  closeTimer: NodeJS.Timeout | null
  chat?(text: string): void
  write(name: string, params: object): void
}

const CHAT = new Set(['chat', 'system_chat', 'player_chat', 'profileless_chat'])

/** Resolves in play, when the server has sent all that it sends at first. */
export async function joinServer(port: number, version: string, username: string): Promise<TestClient> {
  const createClient = (protocol as unknown as { createClient(options: object): LibraryClient }).createClient
  const client = createClient({
    host: '127.0.0.1',
    port,
    version,
    username,
    auth: 'offline',
    disableChatSigning: true,
    hideErrors: true,
  })
  const heard: Heard[] = []
  const errors: Error[] = []
  const packets = new Map<string, { [field: string]: unknown }>()
  let reason: unknown
  let ended = false
  client.on('error', (error: Error) => errors.push(error))
  client.on('end', () => {
    ended = true
  })
  client.on('packet', (params: { [field: string]: unknown }, { name }: { name: string }) => {
    packets.set(name, params)
    if (CHAT.has(name)) heard.push(readChat(name as Heard['packet'], params))
    if (name === 'kick_disconnect' || name === 'disconnect') ({ reason } = params)
  })
  const test: TestClient = {
    heard,
    errors,
    packets,
    kicked: () => (reason === undefined ? undefined : plainText(componentOf(reason))),
    kickReason: () => reason,
    ended: () => ended,
    chat: text => client.chat?.(text),
    write: (name, params) => client.write(name, params),
    // The library clears its own timers when the connection ends.
    close: () => {
      client.socket?.destroy()
      if (client.closeTimer) clearTimeout(client.closeTimer)
    },
  }
  try {
    // Its own name in the line of joining is the last of it.
    await eventually(`${username} to be in play on ${version}`, () => {
      if (ended || reason !== undefined) throw new Error(`out of play: ${test.kicked()} ${errors.join(', ')}`)
      return heard.some(({ text }) => text === `${username} joined the game`)
    })
  } catch (error) {
    test.close()
    throw error
  }
  return test
}

function readChat(packet: Heard['packet'], params: { [field: string]: unknown }): Heard {
  if (packet === 'player_chat') {
    const text = params.plainMessage ?? plainText(componentOf(params.signedChatContent))
    const name = plainText(componentOf(params.networkName ?? params.senderName))
    return { packet, raw: params, text: `<${name}> ${text}`, params }
  }
  if (packet === 'profileless_chat') {
    const text = plainText(componentOf(params.message))
    return { packet, raw: params.message, text: `[${plainText(componentOf(params.name))}] ${text}`, params }
  }
  const raw = params.content ?? params.message
  return { packet, raw, text: plainText(componentOf(raw)), params }
}

function componentOf(raw: unknown): Component {
  const plain = simplify(raw)
  return renamed(plain) as Component
}

/** A component from the wire as plain JSON: the `json` of the recordings. */
export function simplify(raw: unknown): unknown {
  if (typeof raw === 'string') return JSON.parse(raw)
  const { type, value } = raw as { type: string; value: unknown }
  if (type === 'compound') {
    const entries = Object.entries(value as { [key: string]: unknown })
    return Object.fromEntries(entries.map(([key, node]) => [key, simplify(node)]))
  }
  if (type !== 'list') return value
  const list = value as { type: string; value: unknown[] }
  return list.value.map(element => simplify({ type: list.type, value: element }))
}

/** Empty keys, as of strings in a mixed list, become `text`. */
function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key || 'text', renamed(child)]))
}

const DEADLINE_MS = 10_000
const POLL_MS = 5

/** Resolves with the first answer that is not false, null or undefined. */
export async function eventually<T>(what: string, find: () => T | false | null | undefined): Promise<T> {
  const until = performance.now() + DEADLINE_MS
  for (;;) {
    const found = find()
    if (found !== undefined && found !== null && found !== false) return found
    if (performance.now() > until) throw new Error(`waited in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

/** The first line that reads so, waited for. */
export function hears({ heard }: TestClient, text: string): Promise<Heard> {
  return eventually(`"${text}" after ${JSON.stringify(heard.slice(-3).map(line => line.text))}`, () =>
    heard.find(line => line.text === text),
  )
}
