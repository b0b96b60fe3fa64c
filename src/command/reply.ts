/**
 * The answer in chat: which way it goes, and how fast. A bot that talks too fast is kicked (facts/chat-and-log.md
 * section 1): a burst of 4 lines, then 1 a second.
 */
import type { Clock } from '../clock.ts'
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
  let tokens = BURST
  let refilledAt = clock.monotonic()
  /** What `auto` came to, for this stay in the game. */
  let chosen: { play: Play; route: Route } | undefined
  let awaited: { text: string; seen(): void } | undefined

  async function drain() {
    if (sending) return
    sending = true
    try {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await takeToken()
        await deliver(next.player, next.line)
      }
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({}, `a reply in chat failed: ${String(error)}`)
    } finally {
      sending = false
    }
  }

  async function takeToken() {
    const now = clock.monotonic()
    const refilled = Math.floor((now - refilledAt) / INTERVAL_MS)
    tokens = Math.min(BURST, tokens + refilled)
    refilledAt = tokens === BURST ? now : refilledAt + refilled * INTERVAL_MS
    if (tokens === 0) {
      await clock.sleep(refilledAt + INTERVAL_MS - now, stopping.signal)
      return takeToken()
    }
    tokens -= 1
  }

  async function deliver(player: string, line: Line) {
    const now = play()
    if (!now) return
    const way = routeFor(now)
    if (way === 'tellraw') return now.chat(tellraw(player, line, now.version))
    if (way === 'public') return now.chat(cut(PREFIX + line.text, MAX_LINE_LENGTH))
    if (await tell(now, player, line)) return
    log.info({ player }, 'the server echoed no /tell; answers go to public chat from here on')
    chosen = { play: now, route: 'public' }
    now.chat(cut(PREFIX + line.text, MAX_LINE_LENGTH))
  }

  function routeFor(now: Play): Route {
    if (route !== 'auto') return route
    if (chosen?.play !== now) chosen = { play: now, route: mayTellraw(now) ? 'tellraw' : 'tell' }
    return chosen.route
  }

  /** True when the echo came, or when none is waited for: `tell` was demanded, or has worked before. */
  async function tell(now: Play, player: string, line: Line): Promise<boolean> {
    const command = cut(`/tell ${player} ${PREFIX}${line.text}`, MAX_LINE_LENGTH)
    const text = command.slice(`/tell ${player} `.length)
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
  const told = new WeakSet<Play>()

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
  if (message.kind === 'player') return message.sender?.uuid === ownUuid && message.typed === told
  return message.text.includes(told)
}

/** The longest form that fits: with PB's hover, without it, and then the text is cut. */
export function tellraw(player: string, line: Line, version: string): string {
  const body = (text: string) => ({ text, ...(line.color && { color: line.color }) })
  const hover = { action: 'show_text', value: 'Prime Backup' }
  const command = (text: string, prefix: object) =>
    `/tellraw ${player} ${JSON.stringify(['', prefix, body(text)])}`
  const plain = { text: PREFIX, color: 'dark_aqua' }
  const rich = { ...plain, [hasNewEvents(version) ? 'hover_event' : 'hoverEvent']: hover }
  if (command(line.text, rich).length <= MAX_LINE_LENGTH) return command(line.text, rich)
  const characters = [...line.text]
  for (let length = characters.length; length > 0; length--) {
    const text = length === characters.length ? line.text : `${characters.slice(0, length).join('')}…`
    const whole = command(text, plain)
    if (whole.length <= MAX_LINE_LENGTH) return whole
  }
  return command('…', plain)
}

/** 1.21.5 renamed the events of components (facts/prime-backup.md section 5). */
function hasNewEvents(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return major > 1 || minor > 21 || (minor === 21 && patch >= 5)
}

/** At most `limit` UTF-16 units, cut between characters; control characters and `§` can't be sent in chat. */
export function cut(text: string, limit: number): string {
  const plain = text.replace(/[\p{Cc}§]/gu, ' ')
  if (plain.length <= limit) return plain
  let kept = ''
  for (const character of plain) {
    if (kept.length + character.length + 1 > limit) break
    kept += character
  }
  return `${kept}…`
}
