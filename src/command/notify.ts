/** `!!pb test notify …` and `!!pb notify …` in game chat: who may, what is done, and the answer. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Tester } from '../delivery/tester.ts'
import { parseDuration } from '../duration.ts'
import { type EventName, isEventName, type LifecycleEvent, type Operator, TEST_MESSAGE } from '../event.ts'
import type { Language } from '../language.ts'
import type { Log } from '../log.ts'
import type { Manifest } from '../manifest.ts'
import type { PlayerCommand } from '../observe.ts'
import {
  busyLine,
  cooldownLine,
  deniedLine,
  disabledLine,
  helpLines,
  resultLine,
  sendingLine,
  summaryLine,
  unknownEventLine,
} from './answer.ts'
import type { CommandsConfig } from './permission.ts'
import type { Line } from './reply.ts'
import { type Roster, rosterKeys } from './roster.ts'
import {
  badDurationLine,
  mutedLine,
  nothingToMuteLine,
  type Status,
  statusLines,
  unknownEndpointLine,
  unmutedLine,
} from './status.ts'

export const DEFAULT_EVENT: EventName = 'backup_success'

/** Players are forgotten after this many others. */
const MAX_REMEMBERED = 256
/** A name that could be a selector, break out of a command, or get the bot kicked, gets no answer. */
export const ANSWERABLE_NAME = /^[^\s\p{Cc}§@"'\\/]{1,40}$/u

export type BridgeCommand =
  | { type: 'test'; event: string }
  | { type: 'help' }
  | { type: 'status' }
  | { type: 'mute'; duration: string; endpoint: string | undefined }
  | { type: 'unmute'; endpoint: string | undefined }

/** What of a player's words is the bridge's; undefined leaves them to Prime Backup. */
export function parseCommand(words: string): BridgeCommand | undefined {
  const [first, second, ...rest] = words.split(/\s+/)
  if (first === 'notify') return parseNotify(second, rest)
  if (first !== 'test') return undefined
  if (second === undefined || second === 'help') return { type: 'help' }
  if (second !== 'notify') return undefined
  return { type: 'test', event: rest.length === 0 ? DEFAULT_EVENT : rest.join(' ') }
}

/** The name of an endpoint may have spaces. */
function parseNotify(word: string | undefined, rest: string[]): BridgeCommand {
  const named = (names: string[]) => (names.length === 0 ? undefined : names.join(' '))
  const [duration, ...endpoint] = rest
  if (word === 'status') return { type: 'status' }
  if (word === 'mute' && duration !== undefined) return { type: 'mute', duration, endpoint: named(endpoint) }
  if (word === 'unmute') return { type: 'unmute', endpoint: named(rest) }
  return { type: 'help' }
}

/** An event that says it is a test, on behalf of who asked. */
export function testEvent(
  name: EventName,
  server: string,
  operator: Operator,
  at: number,
  running: boolean | null,
): LifecycleEvent {
  const taskId = `test-${randomUUID()}`
  return {
    id: `${taskId}-event`,
    taskId,
    name,
    at,
    server,
    running,
    operator,
    source: operator,
    message: TEST_MESSAGE,
  }
}

/** How a person has endpoints told nothing for a while. */
export type Muting = {
  /** The keys of those that can be muted. */
  known(): string[]
  /** Until then, epoch milliseconds; null ends it. Answers those for which it is so now. */
  mute(endpoint: string | undefined, until: number | null): string[]
}

const SHORTEST_MUTE_MS = 60_000
const LONGEST_MUTE_MS = 30 * 86_400_000

export type NotifyCommand = {
  /** Answers a player's command if it is the bridge's; returns at once. */
  hear(command: PlayerCommand): void
}

export function createNotifyCommand(
  options: {
    server: string
    commands: CommandsConfig
    language: Language
    /** An endpoint is enabled. */
    enabled(): boolean
    manifest: Manifest
  },
  deps: {
    tester: Tester
    roster: Roster
    clock: Clock
    log: Log
    send(player: string, line: Line): void
    status(): Status
    muting: Muting
  },
): NotifyCommand {
  const { server, commands, language, manifest } = options
  const { tester, roster, clock, log, send } = deps
  const lastAt = new Map<string, number>()
  let running = false

  function cooldownLeftMs(player: string): number {
    const last = lastAt.get(player)
    return last === undefined ? 0 : Math.max(0, commands.cooldown - (clock.monotonic() - last))
  }

  function startCooldown(player: string) {
    lastAt.delete(player)
    lastAt.set(player, clock.monotonic())
    const [oldest] = lastAt.keys()
    if (lastAt.size > MAX_REMEMBERED && oldest !== undefined) lastAt.delete(oldest)
  }

  function refuse(player: PlayerCommand['player'], address: string) {
    if (cooldownLeftMs(address) > 0) return
    startCooldown(address)
    const hint =
      player.uuid === undefined ? ' (the server tells no UUID in chat: write the name, not the UUID)' : ''
    log.warn(
      { player: address },
      `${address} is not in ${rosterKeys(commands)}; the command was refused${hint}`,
    )
    send(address, deniedLine(language))
  }

  async function runTest(address: string, player: string, name: EventName) {
    running = true
    const startedAt = clock.monotonic()
    send(address, sendingLine(name, language))
    try {
      const event = testEvent(name, server, { type: 'player', name: player }, clock.now(), true)
      const results = await tester.test(event, {
        onResult: result => send(address, resultLine(result, language)),
      })
      send(address, summaryLine(results, clock.monotonic() - startedAt, language))
    } finally {
      running = false
    }
  }

  function mute(address: string, command: BridgeCommand & { type: 'mute' | 'unmute' }) {
    const { endpoint } = command
    const { prefix } = commands
    const known = deps.muting.known()
    if (endpoint !== undefined && !known.includes(endpoint))
      return send(address, unknownEndpointLine(endpoint, known, language))
    if (command.type === 'unmute') {
      log.info({ player: address }, `${address} ended the muting of ${endpoint ?? 'all endpoints'}`)
      return send(address, unmutedLine(deps.muting.mute(endpoint, null), language))
    }
    const forMs = parseDuration(command.duration)
    if (forMs === undefined || forMs < SHORTEST_MUTE_MS || forMs > LONGEST_MUTE_MS)
      return send(address, badDurationLine(command.duration, prefix, language))
    log.info({ player: address }, `${address} muted ${endpoint ?? 'all endpoints'} for ${command.duration}`)
    const muted = deps.muting.mute(endpoint, clock.now() + forMs)
    if (muted.length === 0) return send(address, nothingToMuteLine(known, language))
    return send(address, mutedLine(muted, forMs, prefix, language))
  }

  function answer(address: string, player: string, command: BridgeCommand) {
    switch (command.type) {
      case 'help':
        for (const line of helpLines(manifest, commands.prefix, language)) send(address, line)
        return undefined
      case 'status':
        for (const line of statusLines(deps.status(), clock.now(), language)) send(address, line)
        return undefined
      case 'mute':
      case 'unmute':
        return mute(address, command)
      case 'test':
        return startTest(address, player, command.event)
      default:
        return command satisfies never
    }
  }

  function startTest(address: string, player: string, event: string) {
    if (!isEventName(event)) return send(address, unknownEventLine(event, language))
    if (!options.enabled()) return send(address, disabledLine(language))
    if (running) return send(address, busyLine(language))
    const waitMs = cooldownLeftMs(address)
    if (waitMs > 0) return send(address, cooldownLine(waitMs, language))
    startCooldown(address)
    log.info({ player: address, event }, `${address} asked for a test notification (${event})`)
    runTest(address, player, event).catch((error: unknown) =>
      log.error({ err: error }, 'the test notification failed'),
    )
    return undefined
  }

  return {
    hear: ({ player, words }) => {
      const command = parseCommand(words)
      const address = addressOf(player)
      if (!command || address === undefined) return
      if (!roster.allows(player)) return refuse(player, address)
      answer(address, player.name ?? address, command)
    },
  }
}

/** What a command takes for a player: the name, or the UUID where a plugin shows another name that is none. */
function addressOf({ name, uuid }: PlayerCommand['player']): string | undefined {
  return name !== undefined && ANSWERABLE_NAME.test(name) ? name : uuid
}
