/**
 * The practice server: what a bot or a player meets where a vanilla server would stand, on loopback, without the game.
 * It is
 *   stopped   before `start`, and after `shutdown`, `crash` or `stop`. The port stays its own.
 *   running   from a fulfilled `start` on.
 * Virtual players stay on its roster in both, and join again with each start.
 */
import { EventEmitter } from 'node:events'
import type { Clock } from '../clock.ts'
import { commandTree, type Hands, runCommand } from './commands.ts'
import type { Component } from './component.ts'
import { createDoor, MAX_PLAYERS } from './door.ts'
import { type Connection, loadEdition } from './library.ts'
import { createRoster, type Line, type Player, type Seen } from './roster.ts'
import { createSpeech, nameOf, speaker, spoken } from './speech.ts'
import { listenTo } from './typing.ts'
import { createWire } from './wire.ts'
import { joinPackets } from './world.ts'

/** Keys of vanilla's admin lines that the bridge reads (facts/prime-backup.md section 1). */
export type AdminKey =
  | 'commands.save.disabled'
  | 'commands.save.enabled'
  | 'commands.save.success'
  | 'commands.stop.stopping'

export type PracticeEvents = {
  started: []
  stopped: [how: 'gracefully' | 'abruptly']
  join: [name: string]
  leave: [name: string]
  /** Public chat of any player. */
  chat: [name: string, text: string]
  /** Any command, known or not, without its slash. */
  command: [name: string, line: string]
  /** Every line that a virtual player sees. */
  seen: [name: string, seen: Seen]
  /** Those of them that were told to this player alone. */
  private: [name: string, seen: Seen]
}

export type PracticeOptions = {
  /** @default '1.21.4' */
  version?: string
  host?: '127.0.0.1'
  /** 0 takes a free port, and keeps it over restarts. @default 0 */
  port?: number
  clock: Clock
  /** Names of the operators, as given, whatever their case. */
  operators?: string[]
  motd?: string
}

/** Everybody, those that are named, or those that are chosen. */
export type Audience = undefined | string[] | ((name: string) => boolean)

export type VirtualPlayer = {
  name: string
  uuid: string
  seen: readonly Seen[]
  /** Chat, or a command with its slash; nothing happens while the server is stopped. */
  type(text: string): void
  leave(): void
}

export type PracticeServer = ReturnType<typeof createPracticeServer>

const SERVER_CLOSED: Component = { translate: 'multiplayer.disconnect.server_shutdown' }
const DUPLICATE: Component = { translate: 'multiplayer.disconnect.duplicate_login' }

export function createPracticeServer(options: PracticeOptions) {
  const { clock, host = '127.0.0.1', motd = 'Practice server of prime-backup-bridge' } = options
  const edition = loadEdition(options.version ?? '1.21.4')
  const speech = createSpeech(edition)
  const { events: spelling } = createWire(edition)
  const events = new EventEmitter<PracticeEvents>()
  const operators = new Set((options.operators ?? []).map(name => name.toLowerCase()))
  const logins: { name: string; password: string }[] = []
  const roster = createRoster(edition, (player, seen) => {
    events.emit('seen', player.name, seen)
    if (seen.private) events.emit('private', player.name, seen)
  })
  const door = createDoor(edition, { host, port: options.port ?? 0, motd }, clock, onClient)
  /** Starts and stops wait for each other. */
  let turn: Promise<unknown> = Promise.resolve()

  const isOperator = (name: string) => operators.has(name.toLowerCase())

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work)
    turn = done.catch(() => {})
    return done
  }

  function chosen(to: Audience): Player[] {
    if (to === undefined) return roster.all()
    const wanted = typeof to === 'function' ? to : (name: string) => to.includes(name)
    return roster.all().filter(({ name }) => wanted(name))
  }

  function send(players: Player[], line: Line) {
    if (door.isOpen()) for (const player of players) roster.send(player, line)
  }

  function system(to: Player[], component: Component, isPrivate: boolean) {
    send(to, { kind: 'system', component, private: isPrivate, packet: speech.system(component) })
  }

  function speak(player: { name: string; uuid: string }, text: string, kind: 'chat' | 'say') {
    const component = spoken(kind, nameOf(player), text)
    send(roster.all(), {
      kind: 'player',
      component,
      private: false,
      packet: speech.player(player, text, kind),
    })
  }

  function chat(player: { name: string; uuid: string }, text: string) {
    if (!door.isOpen()) return
    speak(player, text, 'chat')
    events.emit('chat', player.name, text)
  }

  const hands: Hands = {
    edition,
    events: spelling,
    players: () => roster.all(),
    find: name => roster.find(name),
    isOperator,
    system,
    whisper: (from, to, text) => {
      const outgoing = spoken('outgoing', nameOf(to), text)
      const incoming = spoken('incoming', nameOf(from), text)
      const whispered = { kind: 'player', private: true } as const
      send([from], { ...whispered, component: outgoing, packet: speech.player(from, text, 'outgoing', to) })
      send([to], { ...whispered, component: incoming, packet: speech.player(from, text, 'incoming') })
    },
    say: (from, text) => speak(from, text, 'say'),
    login: ({ name }, password) => logins.push({ name, password }),
  }

  function command(player: Player, line: string) {
    events.emit('command', player.name, line)
    runCommand(hands, player, line)
  }

  /** The last words to a player; whoever is off the roster can't be kicked twice. */
  function disconnect(player: Player, component: Component) {
    const { connection } = player
    if (connection) connection.end('kicked', speech.kick(component))
    else
      roster.send(player, {
        kind: 'kicked',
        component,
        private: component !== SERVER_CLOSED,
        packet: speech.system(component),
      })
  }

  function kick(player: Player, component: Component) {
    leave(player)
    disconnect(player, component)
  }

  function announce(key: 'multiplayer.player.joined' | 'multiplayer.player.left', player: Player) {
    system(roster.all(), { translate: key, with: [nameOf(player)], color: 'yellow' }, false)
  }

  function enter(player: Player) {
    roster.add(player)
    announce('multiplayer.player.joined', player)
    events.emit('join', player.name)
  }

  function leave(player: Player) {
    if (!roster.remove(player)) return
    announce('multiplayer.player.left', player)
    events.emit('leave', player.name)
  }

  function sendRights({ connection, name }: Player) {
    if (!connection) return
    const level = isOperator(name) ? 4 : 0
    connection.write('entity_status', { entityId: entityId(connection), entityStatus: 24 + level })
    const tree = commandTree(edition, isOperator(name))
    if (tree) connection.write(tree.name, tree.params)
  }

  function onClient(connection: Connection) {
    const player: Player = { name: connection.username, uuid: connection.uuid, connection, seen: [] }
    const namesake = roster.find(player.name)
    // The older one goes, as in the game, but for a virtual player, who holds on to the name.
    if (namesake && !namesake.connection) return disconnect(player, DUPLICATE)
    if (namesake) kick(namesake, DUPLICATE)
    const [login, ...world] = joinPackets(edition, entityId(connection), MAX_PLAYERS)
    if (login) connection.write(login.name, login.params)
    sendRights(player)
    for (const { name, params } of world) connection.write(name, params)
    listenTo(connection, edition, clock, {
      isOperator: () => isOperator(player.name),
      chat: text => chat(player, text),
      command: line => command(player, line),
      kick: reason => kick(player, reason),
    })
    connection.once('end', () => leave(player))
    return enter(player)
  }

  /** Nobody is told anything once the door is shut: the last words come before. */
  async function close(how: 'gracefully' | 'abruptly') {
    if (!door.isOpen()) return
    if (how === 'gracefully') for (const player of roster.all()) disconnect(player, SERVER_CLOSED)
    const closed = door.close(how)
    for (const player of roster.all())
      if (player.connection && roster.remove(player)) events.emit('leave', player.name)
    await closed
    events.emit('stopped', how)
  }

  const start = () =>
    inTurn(async () => {
      const wasOpen = door.isOpen()
      await door.open()
      if (!wasOpen) {
        events.emit('started')
        for (const player of roster.all()) announce('multiplayer.player.joined', player)
      }
      return { port: door.port() }
    })
  const shutdown = () =>
    inTurn(async () => {
      adminLine('commands.stop.stopping')
      await close('gracefully')
    })

  return {
    events,
    version: edition.version,
    /** What `/login` was given, in order. */
    logins: logins as readonly { name: string; password: string }[],
    port: door.port,
    isRunning: door.isOpen,
    isOperator,
    players: () => roster.all().map(({ name }) => name),
    /** Resolves when the port is open; idempotent. */
    start,
    /** As the `stop` command: operators read of it, everybody is kicked, the port closes. */
    shutdown,
    /** As a killed process: connections just end. */
    crash: () => inTurn(() => close('abruptly')),
    async restart() {
      await shutdown()
      return start()
    },
    /** For good; idempotent. */
    async stop() {
      await inTurn(() => close('gracefully'))
      events.removeAllListeners()
    },
    /** A line as of `/tellraw` from the console, to all or to some; private where `to` is a list of names. */
    broadcastSystem: (component: Component, { to }: { to?: Audience } = {}) =>
      system(chosen(to), component, Array.isArray(to)),
    actionBar: (component: Component, { to }: { to?: Audience } = {}) =>
      send(chosen(to), {
        kind: 'action_bar',
        component,
        private: Array.isArray(to),
        packet: speech.actionBar(component),
      }),
    /** Public chat of a player, who need not be there. */
    playerChat: (name: string, text: string) => chat(roster.find(name) ?? speaker(name), text),
    /** Said by no account: the console's `/say`. */
    disguised: (name: string, text: string) =>
      send(roster.all(), {
        kind: 'disguised',
        component: spoken('say', name, text),
        private: false,
        packet: speech.disguised(name, text),
      }),
    adminLine,
    kick(name: string, component: Component = { translate: 'multiplayer.disconnect.kicked' }) {
      const player = roster.find(name)
      if (player) kick(player, component)
    },
    /** Makes or unmakes an operator; who is there is told at once. */
    setOperator(name: string, operator: boolean) {
      if (operator) operators.add(name.toLowerCase())
      else operators.delete(name.toLowerCase())
      const player = roster.find(name)
      if (player) sendRights(player)
    },
    addVirtualPlayer(name: string): VirtualPlayer {
      if (roster.find(name)) throw new Error(`${name} is on the server already`)
      const player: Player = { ...speaker(name), seen: [] }
      enter(player)
      return {
        name,
        uuid: player.uuid,
        seen: player.seen,
        type: text => {
          if (!door.isOpen() || roster.find(name) !== player) return
          if (text.startsWith('/')) command(player, text.slice(1))
          else chat(player, text)
        },
        leave: () => leave(player),
      }
    },
  }

  /** `[Server: …]`, which operators alone see. */
  function adminLine(key: AdminKey) {
    const component: Component = {
      translate: 'chat.type.admin',
      with: ['Server', { translate: key }],
      color: 'gray',
      italic: true,
    }
    system(chosen(isOperator), component, false)
  }
}

/** Never 0, which some clients take for none. */
function entityId({ id }: Connection): number {
  return id + 1
}
