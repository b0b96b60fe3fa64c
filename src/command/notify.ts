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
import { type CommandsConfig, isOperator } from './permission.ts'
import type { Line } from './reply.ts'

export const DEFAULT_EVENT: EventName = 'backup_success'

/** Players are forgotten after this many others. */
const MAX_REMEMBERED = 256
/** A name that could be a selector, break out of a command, or get the bot kicked, gets no answer. */
const ANSWERABLE_NAME = /^[^\s\p{Cc}§@"'\\/]{1,40}$/u

export type TestCommand = { type: 'test'; event: string } | { type: 'help' }

/** What of a player's words is the bridge's; undefined leaves them to Prime Backup. */
export function parseCommand(words: string): TestCommand | undefined {
  const [first, second, event, ...more] = words.split(/\s+/)
  if (first !== 'test') return undefined
  if (second === undefined || second === 'help') return { type: 'help' }
  if (second !== 'notify' || more.length > 0) return undefined
  return { type: 'test', event: event ?? DEFAULT_EVENT }
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
  deps: { tester: Tester; clock: Clock; log: Log; send(player: string, line: Line): void },
): NotifyCommand {
  const { server, commands, language, manifest } = options
  const { tester, clock, log, send } = deps
  const lastAt = new Map<string, number>()
  let running = false

  /** How long the player has to wait; 0 starts the wait anew. */
  function cooldownLeftMs(player: string): number {
    const now = clock.monotonic()
    const last = lastAt.get(player)
    if (last !== undefined && now - last < commands.cooldown) return commands.cooldown - (now - last)
    lastAt.delete(player)
    lastAt.set(player, now)
    const [oldest] = lastAt.keys()
    if (lastAt.size > MAX_REMEMBERED && oldest !== undefined) lastAt.delete(oldest)
    return 0
  }

  async function runTest(player: string, name: EventName) {
    running = true
    const startedAt = clock.monotonic()
    send(player, sendingLine(name, language))
    try {
      const event = testEvent(name, server, { type: 'player', name: player }, clock.now(), true)
      const results = await tester.test(event, {
        onResult: result => send(player, resultLine(result, language)),
      })
      send(player, summaryLine(results, clock.monotonic() - startedAt, language))
    } finally {
      running = false
    }
  }

  return {
    hear: ({ player, words }) => {
      const { name } = player
      const command = parseCommand(words)
      if (!command || name === undefined || !ANSWERABLE_NAME.test(name)) return
      const waitMs = cooldownLeftMs(name)
      if (!isOperator(player, commands.operators)) {
        if (waitMs > 0) return
        log.warn({ player: name }, `${name} is not in commands.operators; the test was refused`)
        return send(name, deniedLine(language))
      }
      if (waitMs > 0) return send(name, cooldownLine(waitMs, language))
      if (command.type === 'help') {
        for (const line of helpLines(manifest, commands.prefix, language)) send(name, line)
        return
      }
      if (!isEventName(command.event)) return send(name, unknownEventLine(command.event, language))
      if (!options.enabled) return send(name, disabledLine(language))
      if (running) return send(name, busyLine(language))
      log.info(
        { player: name, event: command.event },
        `${name} asked for a test notification (${command.event})`,
      )
      runTest(name, command.event).catch((error: unknown) =>
        log.error({ err: error }, 'the test notification failed'),
      )
    },
  }
}
