/** One connection of the bot, from the first byte to its one ending. Nothing of it is left afterwards. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { CHAT_PACKETS, type ChatMessage, readChatPacket } from './chat.ts'
import type { Client } from './client.ts'
import { parseComponent, textComponent } from './component.ts'
import { type Ending, kickedFor, messageOf, oneLine } from './disconnect.ts'
import type { Account, Dialect } from './library.ts'
import { CLIENT_SETTINGS, mindManners } from './manners.ts'
import { ownEvent } from './packets.ts'
import { openWire, type Wire } from './wire.ts'

/** From the first byte to being in play. */
export const LOGIN_TIMEOUT_MS = 30_000
/** Without any packet. */
export const SILENCE_TIMEOUT_MS = 60_000

/** Lines that wait for the end of a reconfiguration. */
const MAX_UNSAID = 16

/** What the server lets the bot do with commands. */
export type CommandRights = {
  /** First words of the command tree; undefined while the server has sent none (before 1.13, or unreadable). */
  commands?: ReadonlySet<string>
  /** The bot's own operator level, 0 to 4. */
  operatorLevel: number
}

/** The bot while it is in play. */
export type Play = CommandRights & {
  username: string
  uuid: string
  version: string
  /** A chat line, or a command with its slash. Does nothing once the session has ended. */
  chat(text: string): void
}

export type SessionEvents = {
  attached(play: Play): void
  message(message: ChatMessage): void
}

/**
 * Runs one connection; resolves exactly once, whatever combination of `error`, `end` and silence comes.
 * `signal` ends it. Once in play, what the server sends is read every `readIntervalMs`, or at once where that is 0.
 */
export function runSession(
  target: { host: string; port: number; readIntervalMs: number } & Account,
  dialect: Dialect,
  deps: { clock: Clock; log: Log; signal: AbortSignal },
  events: SessionEvents,
): Promise<Ending> {
  const { clock, log, signal } = deps
  const { promise, resolve } = Promise.withResolvers<Ending>()
  let ended = false
  let lastFrameAt = clock.monotonic()
  let play: Play | undefined
  const unsaid: string[] = []
  let wire: Wire | undefined
  let cancelTimer = () => {}

  const client: Client = dialect.createClient(
    target,
    {
      onFrames: () => {
        lastFrameAt = clock.monotonic()
      },
      onFault: error => end({ reason: oneLine(error.message) }),
    },
    // At once for an offline account; for Microsoft's, when a person has signed in.
    made => {
      if (ended) return
      wire = openWire(target, {
        clock,
        intervalMs: target.readIntervalMs,
        // On the way into play, and in each configuration phase, the server waits for answers.
        mayWait: () => play !== undefined && made.state === 'play',
        onBytes: bytes => made.take(bytes),
      })
      cancelTimer = clock.after(LOGIN_TIMEOUT_MS, () =>
        end({ reason: `not in play ${LOGIN_TIMEOUT_MS / 1000} s after connecting (state: ${made.state})` }),
      )
      made.setSocket(wire.socket)
    },
  )
  const abort = () => end({ reason: 'stopped' })
  signal.addEventListener('abort', abort, { once: true })

  function watchSilence() {
    const leftMs = lastFrameAt + SILENCE_TIMEOUT_MS - clock.monotonic()
    if (leftMs <= 0) return end({ reason: `no packet for ${SILENCE_TIMEOUT_MS / 1000} s` })
    cancelTimer = clock.after(leftMs, watchSilence)
  }

  function end(ending: Ending) {
    if (ended) return
    ended = true
    cancelTimer()
    signal.removeEventListener('abort', abort)
    // The library clears its own timers on `end`, which follows from the socket's `close`.
    client.once('end', forget)
    client.end('stopped')
    if (wire) wire.destroy()
    else forget()
    resolve(ending)
  }

  function forget() {
    client.removeAllListeners()
    client.on('error', () => {})
  }

  const onKick = ({ reason }: { reason?: unknown }) => {
    end(
      kickedFor(
        parseComponent(reason) ?? (typeof reason === 'string' ? textComponent(reason) : undefined),
        target.username,
      ),
    )
  }

  client.on('error', (error: Error) => end({ reason: oneLine(messageOf(error)) }))
  client.on('end', () => end({ reason: 'the connection was closed' }))
  client.on('kick_disconnect', onKick)
  // Before the library's own handler, which tells a wrong version in its words and trips over odd reasons.
  client.prependListener('disconnect', onKick)
  mindManners(client, {
    log,
    tooManyReconfigurations: () =>
      end({ reason: 'the server sends the bot back into configuration again and again' }),
  })

  client.on('login', () => {
    if (play || ended) return
    cancelTimer()
    watchSilence()
    // 1.20.2 and later take the settings in the configuration phase, where the library sends them.
    if (!dialect.configures) client.write('settings', CLIENT_SETTINGS)
    play = {
      username: client.username,
      uuid: client.uuid,
      version: client.version,
      operatorLevel: 0,
      chat: text => {
        if (ended) return
        // Said in the middle of a reconfiguration, it would be lost.
        if (client.state === 'play') client.chat?.(text)
        else if (unsaid.length < MAX_UNSAID) unsaid.push(text)
      },
    }
    events.attached(play)
  })
  client.on('state', (state: string) => {
    if (state === 'play') for (const text of unsaid.splice(0)) client.chat?.(text)
  })
  client.on(ownEvent('declare_commands'), (tree: unknown) => {
    if (play) play.commands = rootCommands(tree)
  })
  client.on('entity_status', ({ entityStatus }: { entityStatus?: unknown }) => {
    if (play && typeof entityStatus === 'number' && entityStatus >= 24 && entityStatus <= 28)
      play.operatorLevel = entityStatus - 24
  })
  for (const name of CHAT_PACKETS) {
    client.on(ownEvent(name), (packet: Record<string, unknown>) => {
      if (ended) return
      const message = readChatPacket(name, packet)
      if (message) events.message(message)
      else log.debug({ packet: name }, 'skipped a chat packet without readable text')
    })
  }
  if (signal.aborted) abort()
  return promise
}

/** The words that a command of this player may begin with. */
function rootCommands(tree: unknown): Set<string> {
  const { nodes, rootIndex } = tree as { nodes: TreeNode[]; rootIndex: number }
  const names = nodes[rootIndex]?.children.map(index => nodes[index]?.extraNodeData?.name) ?? []
  return new Set(names.filter(name => name !== undefined))
}

type TreeNode = { children: number[]; extraNodeData?: { name?: string } }
