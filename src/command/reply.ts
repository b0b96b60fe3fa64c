/**
 * The answer in chat: which way it goes, and how fast. A bot that talks too fast is kicked (facts/chat-and-log.md
 * section 1): a burst of 4 lines, then 1 a second.
 */
import type { Clock } from '../clock.ts'
import { createPace } from '../delivery/pace.ts'
import { clip, plain } from '../delivery/plain.ts'
import type { Log } from '../log.ts'
import type { ChatMessage } from '../source/chat.ts'
import type { Play } from '../source/session.ts'
import type { ReplyRoute } from './permission.ts'

export type Line = { text: string; color?: 'green' | 'red' | 'yellow' | 'gray' }

/** Vanilla's limit of a chat line, and of a command up to 1.20.4, in UTF-16 units. */
export const MAX_LINE_LENGTH = 256
const BURST = 4
const INTERVAL_MS = 1000
/** More lines than any answer has wait no longer: the player has gone, or the server is slow. */
const MAX_WAITING = 64
/** How long vanilla may take to echo a `/tell`. */
const ECHO_TIMEOUT_MS = 3000

const PREFIX = '[PB] '

export type Replier = {
  /** Queues a line for a player; returns at once. */
  send(player: string, line: Line): void
  /** Every chat message must pass here, so that the echo of a `/tell` is seen. */
  hear(message: ChatMessage): void
  stop(): void
}

type Route = Exclude<ReplyRoute, 'auto'>

export function createReplier(
  route: ReplyRoute,
  play: () => Play | undefined,
  deps: { clock: Clock; log: Log },
): Replier {
  const { clock, log } = deps
  const stopping = new AbortController()
  const waiting: { player: string; line: Line }[] = []
  let sending = false
  const pace = createPace({ burst: BURST, intervalMs: INTERVAL_MS }, clock)
  /** The stays in the game in which a `/tell` was echoed, and those in which it was not. */
  const told = new WeakSet<Play>()
  const untold = new WeakSet<Play>()
  let awaited: { text: string; seen(): void } | undefined

  async function drain() {
    if (sending) return
    sending = true
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      try {
        await takeToken()
        await deliver(next.player, next.line)
      } catch (error) {
        if (!stopping.signal.aborted) log.warn({}, `a reply in chat failed: ${String(error)}`)
      }
    }
    sending = false
  }

  async function takeToken() {
    for (let waitMs = pace.take(); waitMs > 0; waitMs = pace.take())
      await clock.sleep(waitMs, stopping.signal)
  }

  async function deliver(player: string, line: Line) {
    const now = play()
    if (!now) return
    const way = routeFor(now)
    if (way === 'tellraw') return now.chat(tellraw(player, line, now.version))
    if (way === 'tell') {
      if (await tell(now, player, line)) return
      log.info({ player }, 'the server echoed no /tell; answers go to public chat from here on')
      untold.add(now)
      await takeToken()
    }
    now.chat(fit(PREFIX + line.text))
  }

  function routeFor(now: Play): Route {
    if (route !== 'auto') return route
    if (mayTellraw(now)) return 'tellraw'
    return untold.has(now) ? 'public' : 'tell'
  }

  /** True when the echo came, or when none is waited for: `tell` was demanded, or has worked before. */
  async function tell(now: Play, player: string, line: Line): Promise<boolean> {
    const head = `/tell ${nameArgument(player, now.version)} `
    const command = fit(`${head}${PREFIX}${line.text}`)
    const text = command.slice(head.length)
    if (route === 'tell' || told.has(now)) {
      now.chat(command)
      return true
    }
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const cancel = clock.after(ECHO_TIMEOUT_MS, () => resolve(false))
    const abort = () => resolve(true)
    stopping.signal.addEventListener('abort', abort, { once: true })
    awaited = { text, seen: () => resolve(true) }
    now.chat(command)
    const echoed = await promise
    cancel()
    stopping.signal.removeEventListener('abort', abort)
    awaited = undefined
    if (echoed) told.add(now)
    return echoed
  }

  return {
    send: (player, line) => {
      if (stopping.signal.aborted || waiting.length >= MAX_WAITING) return
      waiting.push({ player, line })
      drain()
    },
    hear: message => {
      if (awaited && isEcho(message, awaited.text, play()?.uuid)) awaited.seen()
    },
    stop: () => {
      waiting.length = 0
      stopping.abort(new Error('stopped'))
    },
  }
}

/** From 1.13 on the server's command tree says so; before, the bot's operator level does. */
function mayTellraw({ commands, operatorLevel }: Play): boolean {
  return commands ? commands.has('tellraw') : operatorLevel >= 2
}

/** Vanilla's own echo, or a line in which a plugin shows what was told. */
function isEcho(message: ChatMessage, told: string, ownUuid: string | undefined): boolean {
  if (message.typed !== undefined) return message.sender?.uuid === ownUuid && message.typed === told
  return message.text.includes(told)
}

/** The longest form that fits: with PB's hover, without it, and then the text is cut. */
export function tellraw(player: string, line: Line, version: string): string {
  const name = nameArgument(player, version)
  const text = plain(line.text)
  function command(shown: string, prefix: object) {
    const body = { text: shown, ...(line.color && { color: line.color }) }
    return `/tellraw ${name} ${JSON.stringify(['', prefix, body])}`
  }
  const bare = { text: PREFIX, color: 'dark_aqua' }
  const hover = { action: 'show_text', value: 'Prime Backup' }
  const rich = command(text, {
    ...bare,
    [isSince(version, 1, 21, 5) ? 'hover_event' : 'hoverEvent']: hover,
  })
  if (rich.length <= MAX_LINE_LENGTH) return rich
  // Escapes make the JSON longer than the text, but a shorter text never makes it longer.
  let fitting = 1
  let tooLong = Math.min(text.length, MAX_LINE_LENGTH) + 1
  while (tooLong - fitting > 1) {
    const middle = Math.floor((fitting + tooLong) / 2)
    if (command(clip(text, middle), bare).length <= MAX_LINE_LENGTH) fitting = middle
    else tooLong = middle
  }
  return command(clip(text, fitting), bare)
}

/** From 1.13 on a name with other characters stands in quotes; before, quotes are part of the name. */
function nameArgument(player: string, version: string): string {
  return /^[\w.+-]+$/.test(player) || !isSince(version, 1, 13, 0) ? player : `"${player}"`
}

/** 1.21.5 renamed the events of components (facts/prime-backup.md section 5). */
function isSince(version: string, ...wanted: [number, number, number]): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, number] of wanted.entries()) {
    const part = parts[index] ?? 0
    if (part !== number) return part > number
  }
  return true
}

/** One line of chat: control characters and `§` would get the bot kicked, and the server joins spaces itself. */
function fit(text: string): string {
  return clip(plain(text), MAX_LINE_LENGTH)
}
