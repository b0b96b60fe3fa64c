/** The bot's hand in the game, for tests: keeps what it would type, and when. */
import type { Clock } from '../../src/clock.ts'
import { type ChatMessage, readChatPacket } from '../../src/source/chat.ts'
import type { Play } from '../../src/source/session.ts'

export const BOT_UUID = 'b0000000-0000-4000-8000-000000000001'

export type FakePlay = Play & { typed: { at: number; text: string }[] }

/** `onChat` is what the server does with a line. */
export function createFakePlay(
  clock: Clock,
  over: Partial<Play> = {},
  onChat: (text: string) => void = () => {},
): FakePlay {
  const typed: FakePlay['typed'] = []
  return {
    username: 'PrimeBackupBot',
    uuid: BOT_UUID,
    version: '1.21.4',
    operatorLevel: 0,
    commands: new Set(['tell', 'help']),
    ...over,
    typed,
    chat: text => {
      typed.push({ at: clock.monotonic(), text })
      onChat(text)
    },
  }
}

function readable(message: ChatMessage | undefined): ChatMessage {
  if (!message) throw new Error('the packet is no chat')
  return message
}

/** A line that a player typed, or the bot's own `/tell` in 1.19 and later. */
export function playerChat(senderUuid: string, plainMessage: string): ChatMessage {
  return readable(
    readChatPacket('player_chat', {
      senderUuid,
      plainMessage,
      networkName: JSON.stringify({ text: 'Someone' }),
    }),
  )
}

export function systemChat(component: object): ChatMessage {
  return readable(readChatPacket('system_chat', { content: JSON.stringify(component) }))
}

/** Vanilla's echo of a `/tell`, 1.16 to 1.18. */
export function oldEcho(player: string, text: string): ChatMessage {
  const message = { translate: 'commands.message.display.outgoing', with: [{ text: player }, { text }] }
  return readable(readChatPacket('chat', { message: JSON.stringify(message), position: 1 }))
}
