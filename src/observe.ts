/** What a chat message, or a record of MCDR's log, says of Prime Backup and of the server. Pure; invariant 4 of the design lives here. */
import { epochOf } from './localtime.ts'
import type { Due, Fact, Observation } from './observation.ts'
import { type LogEntry, parseHead, parseLine } from './primebackup/log.ts'
import { parseMessage, parseSize } from './primebackup/messages.ts'
import type { ChatMessage } from './source/chat.ts'
import { type Component, type Run, runsOf, textOf } from './source/component.ts'

export type ChatRules = {
  /** Prime Backup's command prefix, `!!pb`. */
  prefix: string
  /** For servers whose plugins turn chat into system messages; anchored, groups `player` and `message`. */
  chatPatterns: RegExp[]
  /** Of the dates that PB prints: an IANA name. By default the bridge's own, which may be another. */
  timeZone?: string
}

/** What a zone that nobody has set can be wrong by, where it seems right: an hour of daylight saving. */
const GUESSED_ZONE_MS = 3_600_000
/** MCDR's own command, which can load Prime Backup anew. */
const RELOAD = /^!!MCDR\s+(?:r|reload|plg|plugin)\b/

/** What a player typed as a command of Prime Backup. */
export type PlayerCommand = { player: { uuid?: string; name?: string }; words: string }

/** Longer lines are no commands, and a pattern of the config need not be tried on them. */
const MAX_COMMAND_LENGTH = 512

/** The one thing that a chat message lets the lifecycle know, if any. `at`: when it came, epoch milliseconds. */
export function observeChat(message: ChatMessage, rules: ChatRules, at: number): Fact | undefined {
  if (message.kind === 'system') {
    const fact = observePrimeBackup(message.component) ?? observeAdmin(message.component)
    if (fact) return withDue(fact, at, rules.timeZone, rules.timeZone !== undefined)
  }
  const typed = readTyped(message, rules)
  if (typed && RELOAD.test(typed.words)) return { type: 'reload_asked' }
  const command = typed && commandOf(typed, rules)
  return command && { type: 'command', player: command.player.name ?? '', words: command.words }
}

/** The due date as a wait from the line that tells it, so that it does not matter which clock the line goes by. */
function withDue<F extends Fact>(fact: F, at: number, timeZone: string | undefined, sure: boolean): F {
  // Of an hour that exists twice the later one: it may still come.
  const dueAt = 'next' in fact ? epochOf(fact.next, timeZone, Number.POSITIVE_INFINITY) : undefined
  const slackMs = sure ? 0 : GUESSED_ZONE_MS
  return dueAt === undefined ? fact : { ...fact, due: { inMs: dueAt - at, slackMs, sure } satisfies Due }
}

/** A player's `!!pb …`, with who typed it. */
export function readCommand(message: ChatMessage, rules: ChatRules): PlayerCommand | undefined {
  const typed = readTyped(message, rules)
  return typed && commandOf(typed, rules)
}

function readTyped(message: ChatMessage, rules: ChatRules): PlayerCommand | undefined {
  return message.kind === 'player' ? fromPlayer(message) : fromPatterns(message, rules.chatPatterns)
}

function commandOf(typed: PlayerCommand, { prefix }: ChatRules): PlayerCommand | undefined {
  if (typed.words !== prefix && !typed.words.startsWith(`${prefix} `)) return undefined
  return { player: typed.player, words: typed.words.slice(prefix.length).trim() }
}

function fromPlayer(message: ChatMessage): PlayerCommand | undefined {
  return message.sender && message.typed !== undefined
    ? { player: message.sender, words: message.typed.trim() }
    : undefined
}

function fromPatterns(message: ChatMessage, patterns: RegExp[]): PlayerCommand | undefined {
  if (message.text.length > MAX_COMMAND_LENGTH) return undefined
  for (const pattern of patterns) {
    const groups = pattern.exec(message.text)?.groups
    if (groups?.player && groups.message !== undefined)
      return { player: { ...uuidOf(message), name: groups.player }, words: groups.message.trim() }
  }
  return undefined
}

/** Chat that a plugin formatted still says whose it is, from 1.16 to 1.18. */
function uuidOf({ kind, sender }: ChatMessage): { uuid?: string } {
  return kind === 'disguised' && sender?.uuid !== undefined ? { uuid: sender.uuid } : {}
}

/**
 * The runs behind PB's own prefix part (`[PB]`, dark_aqua, hover "Prime Backup"), which no player can type.
 * Operators, command blocks and plugins can `tellraw` anything: they are trusted (prime-backup.md section 4.6).
 */
export function behindPrefix(component: Component): Run[] | undefined {
  const [head, ...rest] = runsOf(component)
  if (head?.color !== 'dark_aqua' || head.hover === undefined || head.hover === 'other') return undefined
  if (textOf(head.hover) !== 'Prime Backup') return undefined
  if (head.text === '[PB] ') return rest
  const [space, ...more] = rest
  if (head.text !== '[PB]' || !space?.text.startsWith(' ')) return undefined
  return space.text === ' ' ? more : [{ ...space, text: space.text.slice(1) }, ...more]
}

function observePrimeBackup(component: Component): Fact | undefined {
  const runs = behindPrefix(component)
  if (runs === undefined) return undefined
  const fact = parseMessage(runs.map(run => run.text).join(''))
  if (fact === undefined || !('backup' in fact)) return fact
  const id = clickedId(runs)
  if (id !== undefined && id !== fact.backup.id) return undefined
  return fact.type === 'backup_completed' ? { ...fact, ...sizesOf(runs, fact) } : fact
}

/** The id in the click of its own part: `!!pb show 1`. */
function clickedId(runs: Run[]): number | undefined {
  for (const { click } of runs) {
    const match = click?.action === 'run_command' ? / show (\d+)$/.exec(click.value) : null
    if (match) return Number(match[1])
  }
  return undefined
}

/** The sizes behind the completed line, from its hovers: `stored (ratio) raw`, and `count (raw / stored` of the new blobs. */
function sizesOf(runs: Run[], fact: Fact & { type: 'backup_completed' }): Partial<typeof fact> {
  const hovers = runs.flatMap(run => (run.hover && run.hover !== 'other' ? [textOf(run.hover)] : []))
  const found: Partial<typeof fact> = {}
  for (const hover of hovers) {
    const [, storedText, rawText] = /^\D*?([\d.]+\w*B)\b[^\n]*\n\D*?([\d.]+\w*B)$/.exec(hover) ?? []
    const storedBytes = parseSize(storedText ?? '')
    const rawBytes = parseSize(rawText ?? '')
    if (storedBytes !== undefined && rawBytes !== undefined)
      found.backup = { ...fact.backup, rawBytes, storedBytes }
    const [, count, newRaw, newStored] = /^\D*?(\d+) \(([\d.]+\w*B) \/ ([\d.]+\w*B)[,)]/.exec(hover) ?? []
    const newRawBytes = parseSize(newRaw ?? '')
    const newStoredBytes = parseSize(newStored ?? '')
    if (newRawBytes !== undefined && newStoredBytes !== undefined)
      found.newBlobs = { count: Number(count), rawBytes: newRawBytes, storedBytes: newStoredBytes }
  }
  return found
}

/** `[Server: …]`, which operators see: only as vanilla's own translated line, from the console. */
function observeAdmin(component: Component): Fact | undefined {
  if (component.translate !== 'chat.type.admin' || component.with.length !== 2) return undefined
  const [who, what] = component.with
  if (!who || !what || textOf(who) !== 'Server' || who.translate !== undefined) return undefined
  // A player's name, be it "Server", carries an insertion, a click and a hover.
  if (who.insertion !== undefined || who.click !== undefined || who.hover !== undefined) return undefined
  switch (what.translate) {
    case 'commands.save.enabled':
      return { type: 'autosave', on: true }
    case 'commands.save.disabled':
      return { type: 'autosave', on: false }
    // The key of 1.12.2, and the one since 1.13.
    case 'commands.stop.start':
    case 'commands.stop.stopping':
      return { type: 'server_stopping' }
    default:
      return undefined
  }
}

/**
 * What a record of MCDR's log says, if anything. `timeZone`: of the machine that MCDR runs on, an IANA name; the
 * bridge's own by default. `notBefore`: the time of the record before it, which tells the two hours apart where a
 * clock is set back.
 */
export function observeLog(entry: LogEntry, timeZone?: string, notBefore?: number): Observation | undefined {
  const line = parseHead(entry.head)
  const fact = line && parseLine(line, entry.rest, timeZone)
  const at = fact && epochOf(line.time, timeZone, notBefore)
  return at === undefined || fact === undefined
    ? undefined
    : { ...withDue(fact, at, timeZone, true), at, source: 'log' }
}

/** Whether the server said, by the reason of a kick, that it shuts down. */
export function isShutdownReason(reason: Component): boolean {
  return reason.translate === 'multiplayer.disconnect.server_shutdown'
}
