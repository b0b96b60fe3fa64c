/** Everything that is said, as the chat packet of one version. Sources: facts/chat-and-log.md, the corpus's `raw`. */
import type { Component } from './component.ts'
import { type Edition, type Nbt, offlineUuid, type Packet } from './library.ts'
import { createWire } from './wire.ts'

/** Somebody who can speak; the server itself has no account. */
export type Speaker = { name: string; uuid: string }

export type Speech = {
  system(component: Component): Packet
  actionBar(component: Component): Packet
  /** A packet that counts the chat of one connection (1.21.5 and later). */
  player(speaker: Speaker, text: string, kind: ChatKind, target?: Speaker): (index: number) => Packet
  /** Said by no player, as the console's `/say`; a system line before 1.19. */
  disguised(name: string, text: string): (index: number) => Packet
  /** The reason of a kick, ready for the wire. */
  kick(component: Component): string | Nbt
}

/** Vanilla's chat types: how a line is framed, and with which translation. */
export type ChatKind = 'chat' | 'say' | 'incoming' | 'outgoing'

const CHAT_TYPES: { [Kind in ChatKind]: { name: string; before1191: string; translate: string } } = {
  chat: { name: 'chat', before1191: 'chat', translate: 'chat.type.text' },
  say: { name: 'say_command', before1191: 'say_command', translate: 'chat.type.announcement' },
  incoming: {
    name: 'msg_command_incoming',
    before1191: 'msg_command',
    translate: 'commands.message.display.incoming',
  },
  outgoing: {
    name: 'msg_command_outgoing',
    before1191: 'msg_command',
    translate: 'commands.message.display.outgoing',
  },
}

const NOBODY = '00000000-0000-0000-0000-000000000000'

/** The shown name of a player, with what vanilla hangs on it. */
export function nameOf({ name, uuid }: Speaker): Component {
  return {
    text: name,
    insertion: name,
    clickEvent: { action: 'suggest_command', value: `/tell ${name} ` },
    hoverEvent: { action: 'show_entity', uuid, name },
  }
}

/** The same line as one component: what a player reads, and what is sent before 1.19. */
export function spoken(kind: ChatKind, shown: Component, text: string): Component {
  const { translate } = CHAT_TYPES[kind]
  const whisper = kind === 'incoming' || kind === 'outgoing'
  return { translate, with: [shown, text], ...(whisper && { color: 'gray', italic: true }) }
}

export function createSpeech(edition: Edition): Speech {
  const { encode } = createWire(edition)
  const signed = edition.hasPacket('player_chat')
  const holders = edition.atLeast('1.20.5')

  function old(component: Component, position: 0 | 1 | 2, sender = NOBODY): Packet {
    return { name: 'chat', params: { message: encode(component), position, sender } }
  }

  function typeOf(kind: ChatKind): unknown {
    const { name, before1191 } = CHAT_TYPES[kind]
    const key = `minecraft:${edition.atLeast('1.19.1') ? name : before1191}`
    const id = edition.registryId('minecraft:chat_type', key) ?? 0
    return holders ? { chatType: id } : id
  }

  function playerPacket(speaker: Speaker, text: string, kind: ChatKind, target?: Speaker) {
    return (index: number): Packet => ({
      name: 'player_chat',
      params: {
        globalIndex: index,
        senderUuid: speaker.uuid,
        index: 0,
        plainMessage: text,
        timestamp: BigInt(Date.now()),
        salt: 0n,
        previousMessages: [],
        filterType: 0,
        type: typeOf(kind),
        networkName: encode(speaker.uuid === NOBODY ? speaker.name : nameOf(speaker)),
        ...(target && { networkTargetName: encode(nameOf(target)) }),
        // Unsigned: no signature from 1.19.3 on, an empty one before.
        ...(!edition.atLeast('1.19.3') && { signature: Buffer.alloc(0) }),
        // 1.19 itself.
        signedChatContent: JSON.stringify({ text }),
        senderName: encode(nameOf(speaker)),
      },
    })
  }

  return {
    system: component => {
      if (!signed) return old(component, 1)
      return { name: 'system_chat', params: { content: encode(component), isActionBar: false, type: 1 } }
    },
    actionBar: component => {
      if (!signed) return old(component, 2)
      return { name: 'system_chat', params: { content: encode(component), isActionBar: true, type: 2 } }
    },
    player: (speaker, text, kind, target) => {
      if (signed) return playerPacket(speaker, text, kind, target)
      // Whispers were system lines, and so was `/say` before 1.16.
      const shown = nameOf(kind === 'outgoing' && target ? target : speaker)
      const position = kind === 'chat' || (kind === 'say' && edition.atLeast('1.16')) ? 0 : 1
      return () => old(spoken(kind, shown, text), position, speaker.uuid)
    },
    disguised: (name, text) => {
      if (edition.hasPacket('profileless_chat'))
        return () => ({
          name: 'profileless_chat',
          params: { message: encode(text), type: typeOf('say'), name: encode(name) },
        })
      if (signed) return playerPacket({ name, uuid: NOBODY }, text, 'say')
      return () => old(spoken('say', name, text), 1)
    },
    kick: encode,
  }
}

export function speaker(name: string): Speaker {
  return { name, uuid: offlineUuid(name) }
}
