/** Who is on the practice server: real clients with a connection, and virtual players whose eyes are a list. */
import type { Component } from './component.ts'
import { plainText } from './component.ts'
import type { Connection, Edition, Packet } from './library.ts'
import type { Speaker } from './speech.ts'

/** One line that reached a player. */
export type Seen = {
  kind: 'system' | 'player' | 'disguised' | 'action_bar' | 'kicked'
  /** What the player reads. */
  text: string
  component: Component
  /** Told to this player alone, or to a few that were named. */
  private: boolean
}

export type Line = Omit<Seen, 'text'> & { packet: Packet | ((index: number) => Packet) }

export type Player = Speaker & {
  /** Undefined for a virtual player. */
  connection?: Connection
  seen: Seen[]
}

export type Roster = {
  all(): Player[]
  find(name: string): Player | undefined
  add(player: Player): void
  remove(player: Player): boolean
  send(player: Player, line: Line): void
}

/** A long evening of the demo must not grow for ever. */
const MOST_SEEN = 2000
const CREATIVE = 1

/** `onSeen` hears what virtual players see. */
export function createRoster(edition: Edition, onSeen: (player: Player, seen: Seen) => void): Roster {
  const players = new Map<string, Player>()
  const chatIndexes = new WeakMap<Connection, number>()

  function tellAll(packet: Packet) {
    for (const { connection } of players.values()) connection?.write(packet.name, packet.params)
  }

  return {
    all: () => [...players.values()],
    find: name => players.get(name.toLowerCase()),
    add: player => {
      players.set(player.name.toLowerCase(), player)
      // A client ends the connection on chat of somebody who is not in its list (1.19.3 and later).
      tellAll(addedPacket(edition, [player]))
      const others = [...players.values()].filter(other => other !== player)
      if (player.connection && others.length > 0) {
        const { name, params } = addedPacket(edition, others)
        player.connection.write(name, params)
      }
    },
    remove: player => {
      if (players.get(player.name.toLowerCase()) !== player) return false
      players.delete(player.name.toLowerCase())
      tellAll(removedPacket(edition, player))
      return true
    },
    send: (player, { packet, ...line }) => {
      const { connection } = player
      if (!connection) {
        const seen: Seen = { ...line, text: plainText(line.component) }
        player.seen.push(seen)
        if (player.seen.length > MOST_SEEN) player.seen.shift()
        onSeen(player, seen)
        return
      }
      const index = chatIndexes.get(connection) ?? 0
      const { name, params } = typeof packet === 'function' ? packet(index) : packet
      if (name === 'player_chat') chatIndexes.set(connection, index + 1)
      connection.write(name, params)
    },
  }
}

function addedPacket(edition: Edition, players: Player[]): Packet {
  if (edition.atLeast('1.19.3')) {
    const action = { add_player: true, update_game_mode: true, update_listed: true, update_latency: true }
    const data = players.map(({ name, uuid }) => ({
      uuid,
      player: { name, properties: [] },
      gamemode: CREATIVE,
      listed: 1,
      latency: 0,
    }))
    return { name: 'player_info', params: { action, data } }
  }
  const data = players.map(({ name, uuid }) => ({ uuid, name, properties: [], gamemode: CREATIVE, ping: 0 }))
  return { name: 'player_info', params: { action: 'add_player', data } }
}

function removedPacket(edition: Edition, { uuid }: Player): Packet {
  if (edition.atLeast('1.19.3')) return { name: 'player_remove', params: { players: [uuid] } }
  return { name: 'player_info', params: { action: 'remove_player', data: [{ uuid }] } }
}
