/** `!!pb test notify [<event>]` in game chat: who may, what is sent, and the answer. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Tester } from '../delivery/tester.ts'
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

export const DEFAULT_EVENT: EventName = 'backup_success'

/** Players are forgotten after this many others. */
const MAX_REMEMBERED = 256
/** A name that could be a selector, break out of a command, or get the bot kicked, gets no answer. */
export const ANSWERABLE_NAME = /^[^\s\p{Cc}§@"'\\/]{1,40}$/u

export type TestCommand = { type: 'test'; event: string } | { type: 'help' }

/** What of a player's words is the bridge's; undefined leaves them to Prime Backup. */
export function parseCommand(words: string): TestCommand | undefined {
  const [first, second, ...rest] = words.split(/\s+/)
  if (first !== 'test') return undefined
  if (second === undefined || second === 'help') return { type: 'help' }
  if (second !== 'notify') return undefined
  return { type: 'test', event: rest.length === 0 ? DEFAULT_EVENT : rest.join(' ') }
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

export type NotifyCommand = {
  /** Answers a player's command if it is the bridge's; returns at once. */
  hear(command: PlayerCommand): void
}

export function createNotifyCommand(
  options: {
    server: string
    commands: CommandsConfig
    language: Language
    enabled: boolean
    manifest: Manifest
  },
  deps: { tester: Tester; roster: Roster; clock: Clock; log: Log; send(player: string, line: Line): void },
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
    log.warn({ player: address }, `${address} is not in ${rosterKeys(commands)}; the test was refused${hint}`)
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

  return {
    hear: ({ player, words }) => {
      const command = parseCommand(words)
      const address = addressOf(player)
      if (!command || address === undefined) return
      if (!roster.allows(player)) return refuse(player, address)
      if (command.type === 'help') {
        for (const line of helpLines(manifest, commands.prefix, language)) send(address, line)
        return
      }
      if (!isEventName(command.event)) return send(address, unknownEventLine(command.event, language))
      if (!options.enabled) return send(address, disabledLine(language))
      if (running) return send(address, busyLine(language))
      const waitMs = cooldownLeftMs(address)
      if (waitMs > 0) return send(address, cooldownLine(waitMs, language))
      startCooldown(address)
      log.info(
        { player: address, event: command.event },
        `${address} asked for a test notification (${command.event})`,
      )
      runTest(address, player.name ?? address, command.event).catch((error: unknown) =>
        log.error({ err: error }, 'the test notification failed'),
      )
    },
  }
}

/** What a command takes for a player: the name, or the UUID where a plugin shows another name that is none. */
function addressOf({ name, uuid }: PlayerCommand['player']): string | undefined {
  return name !== undefined && ANSWERABLE_NAME.test(name) ? name : uuid
}
