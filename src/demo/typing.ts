/** What clients type, within vanilla's limits (facts/chat-and-log.md section 1), so that the bot is tried against them. */
import type { Clock } from '../clock.ts'
import type { Component } from './component.ts'
import type { Connection, Edition } from './library.ts'

const MAX_CHAT_LENGTH = 256
/** From 1.20.5 on a command may be as long as any string. */
const MAX_COMMAND_LENGTH = 32_767
const TICK_MS = 50
const MESSAGE_COST = 20
const SPAM_LIMIT = 200

/** `text` and `line` are without the slash that made them a command. */
export type Typist = {
  isOperator(): boolean
  chat(text: string): void
  command(line: string): void
  kick(reason: Component): void
}

/** Every version's packets for chat and commands, until the kick that they earn. */
export function listenTo(connection: Connection, edition: Edition, clock: Clock, typist: Typist): void {
  const spam = createSpamCounter(clock)
  let kicked = false
  const kick = (reason: Component) => {
    kicked = true
    typist.kick(reason)
  }
  const heard = (kind: 'chat' | 'command', text: unknown) => {
    if (typeof text !== 'string' || kicked) return
    const fault = faultOf(edition, kind, text)
    if (fault) return kick(fault)
    if (kind === 'command') typist.command(text)
    // Commands have had a packet of their own since 1.19.
    else if (text.startsWith('/') && !edition.atLeast('1.19')) typist.command(text.slice(1))
    else typist.chat(text)
    if (spam.isSpam() && !typist.isOperator()) kick({ translate: 'disconnect.spam' })
  }
  for (const packet of ['chat', 'chat_message'])
    connection.on(packet, ({ message }: { message?: unknown }) => heard('chat', message))
  for (const packet of ['chat_command', 'chat_command_signed'])
    connection.on(packet, ({ command }: { command?: unknown }) => heard('command', command))
  // The library checks signatures here, and throws where there was none to check.
  connection.removeAllListeners('message_acknowledgement')
  connection.removeAllListeners('chat_session_update')
}

/** The reason of the kick, if these words earn one. `text` is as it was sent. */
function faultOf(edition: Edition, kind: 'chat' | 'command', text: string): Component | undefined {
  const limit = kind === 'command' && edition.atLeast('1.20.5') ? MAX_COMMAND_LENGTH : MAX_CHAT_LENGTH
  if (text.length > limit) {
    const decoder = 'Internal Exception: io.netty.handler.codec.DecoderException'
    const why = `The received string length is longer than maximum allowed (${text.length} > ${limit})`
    return { translate: 'disconnect.genericReason', with: [`${decoder}: ${why}`] }
  }
  if (/[§\p{Cc}]/u.test(text)) return { translate: 'multiplayer.disconnect.illegal_characters' }
  return undefined
}

/** Counts up with each message and down with each tick; one a connection. */
function createSpamCounter(clock: Clock): { isSpam(): boolean } {
  let count = 0
  let countedAt = clock.monotonic()
  return {
    isSpam: () => {
      const ticks = Math.floor((clock.monotonic() - countedAt) / TICK_MS)
      countedAt += ticks * TICK_MS
      count = Math.max(0, count - ticks) + MESSAGE_COST
      return count > SPAM_LIMIT
    },
  }
}
