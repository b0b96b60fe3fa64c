/** A recording of what a bot received, as in the corpus (`chat.jsonl`), as observations. */
import type { Fact, Observation } from './observation.ts'
import { type ChatRules, isShutdownReason, observeChat } from './observe.ts'
import { type ChatMessage, type ChatPacketName, readChatPacket } from './source/chat.ts'
import { parseComponent } from './source/component.ts'

/** Every line that says something, in order. Throws an Error that names the line which is no JSON object of a recording. */
export function* readRecording(text: string, rules: ChatRules): Generator<Observation> {
  let attached = false
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue
    const { at, kind, raw, isActionBar } = parseLine(line, index + 1)
    // A recording begins with the bot in play, unless it begins with its arrival.
    if (!attached && kind !== 'connect') yield { type: 'attached', at, source: 'chat' }
    attached = true
    const fact = isActionBar ? undefined : factOf(kind, raw, rules, at)
    if (fact) yield { ...fact, at, source: 'chat' }
  }
}

function factOf(kind: string, raw: unknown, rules: ChatRules, at: number): Fact | undefined {
  switch (kind) {
    case 'connect':
      return { type: 'attached' }
    case 'disconnect':
      return { type: 'detached' }
    case 'kicked': {
      const reason = parseComponent(raw)
      return reason && isShutdownReason(reason) ? { type: 'server_stopping' } : undefined
    }
    case 'system_chat':
    case 'player_chat': {
      const message = messageOf(kind, raw)
      return message && observeChat(message, rules, at)
    }
    default:
      return undefined
  }
}

/** System chat is recorded as its component, player chat as the packet of whichever version it was. */
function messageOf(kind: 'system_chat' | 'player_chat', raw: unknown): ChatMessage | undefined {
  if (kind === 'system_chat') return readChatPacket('system_chat', { content: raw })
  if (typeof raw !== 'object' || raw === null) return undefined
  const name: ChatPacketName =
    'position' in raw ? 'chat' : 'senderUuid' in raw ? 'player_chat' : 'profileless_chat'
  return readChatPacket(name, { ...raw })
}

/** What a Date can hold. */
const LATEST_MS = 8.64e15

type Line = { at: number; kind: string; raw: unknown; isActionBar: boolean }

function parseLine(line: string, number: number): Line {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new Error(`line ${number} is not JSON: ${line.slice(0, 60)}`)
  }
  const { t_ms: at, kind, raw, isActionBar } = (value ?? {}) as Record<string, unknown>
  if (typeof at !== 'number' || Math.abs(at) > LATEST_MS || typeof kind !== 'string')
    throw new Error(`line ${number} is no line of a chat recording: it needs "t_ms" and "kind"`)
  return { at, kind, raw, isActionBar: isActionBar === true }
}
