/** Notices that nobody has read in chat yet: told once, to the first operator who is seen there. */
import type { LifecycleEvent } from '../event.ts'
import type { Language } from '../language.ts'
import type { ChatMessage } from '../source/chat.ts'
import { textOf } from '../source/component.ts'
import type { Line } from './reply.ts'
import type { Roster } from './roster.ts'

export type Unheard = {
  add(event: LifecycleEvent): void
  /** Every chat message must pass here: whoever speaks or joins may be one who should know. */
  hear(message: ChatMessage): void
}

export function createUnheard(
  language: Language,
  roster: Roster,
  send: (player: string, line: Line) => void,
): Unheard {
  /** By code and what it is about, so that a trouble that goes on is told once. */
  const texts = new Map<string, string>()
  return {
    add: ({ notice, extra }) => {
      if (notice) texts.set(`${notice.code} ${String(extra?.about ?? '')}`, notice.text[language])
    },
    hear: message => {
      if (texts.size === 0) return
      const player = playerOf(message)
      if (player?.name === undefined || !roster.allows(player)) return
      for (const text of texts.values()) send(player.name, { text, color: 'yellow' })
      texts.clear()
    },
  }
}

/** Who is there, as a message shows: whoever spoke, or has just joined. */
function playerOf({ kind, sender, component }: ChatMessage): ChatMessage['sender'] {
  if (kind === 'player') return sender
  const [name] = component.with
  return component.translate === 'multiplayer.player.joined' && name ? { name: textOf(name) } : undefined
}
