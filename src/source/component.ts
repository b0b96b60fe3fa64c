/**
 * Minecraft's text components, as JSON or as NBT, made into one bounded tree.
 * Formats: facts/prime-backup.md section 5. Whatever is odd or too large gives undefined, never a throw.
 */

import { Nbt, NbtReader, TAG } from './nbt.ts'

export type Component = {
  text: string
  translate?: string
  with: Component[]
  color?: string
  /** `value`, `command` and `url` are one thing in three spellings. */
  click?: { action: string; value: string }
  /** The text of a `show_text` hover; other hovers (entities, items) are only noted. */
  hover?: Component | 'other'
  insertion?: string
  children: Component[]
}

/** A piece of text with the style that it inherits. */
export type Run = { text: string; color?: string; click?: Component['click']; hover?: Component['hover'] }

const MAX_DEPTH = 64
const MAX_NODES = 4096
/** Of the JSON, or of all texts of the NBT: vanilla's own limit of a serialised component. */
const MAX_CHARACTERS = 262_144

class TooLarge extends Error {}

/** `raw` is what a packet holds: NBT from 1.20.3 on (the library's nodes in recordings), a JSON string before. */
export function parseComponent(raw: unknown): Component | undefined {
  try {
    const budget = { nodes: MAX_NODES, characters: MAX_CHARACTERS }
    if (typeof raw === 'string') {
      if (raw.length > MAX_CHARACTERS) return undefined
      return toComponent(JSON.parse(raw), 0, budget)
    }
    if (raw instanceof Nbt) return readRoot(raw, budget)
    if (!isRecord(raw)) return undefined
    const plain =
      typeof raw.type === 'string' && 'value' in raw ? simplifyNbt(raw.type, raw.value, 0, budget) : raw
    return toComponent(plain, 0, budget)
  } catch (error) {
    if (error instanceof TooLarge || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A text as a component: for servers' plain words and for what the bridge says itself. */
export function textComponent(text: string): Component {
  return { text, with: [], children: [] }
}

type Budget = { nodes: number; characters: number }

function spend(budget: Budget, depth: number, text = ''): void {
  budget.nodes -= 1
  budget.characters -= text.length
  if (depth > MAX_DEPTH || budget.nodes < 0 || budget.characters < 0) throw new TooLarge()
}

/** prismarine-nbt's typed tree (`{ type, value }`; lists carry their element type once) as plain values. */
function simplifyNbt(type: string, value: unknown, depth: number, budget: Budget): unknown {
  spend(budget, depth, typeof value === 'string' ? value : '')
  if (type === 'compound' && isRecord(value)) {
    const plain: Record<string, unknown> = Object.create(null)
    for (const [key, node] of Object.entries(value)) {
      if (isRecord(node) && typeof node.type === 'string')
        plain[key] = simplifyNbt(node.type, node.value, depth + 1, budget)
    }
    return plain
  }
  if (type === 'list' && isRecord(value) && typeof value.type === 'string' && Array.isArray(value.value)) {
    const elementType = value.type
    return value.value.map(element => simplifyNbt(elementType, element, depth + 1, budget))
  }
  return typeof value === 'string' || typeof value === 'number' ? value : undefined
}

function toComponent(value: unknown, depth: number, budget: Budget): Component {
  spend(budget, depth)
  const next = (child: unknown) => toComponent(child, depth + 1, budget)
  if (Array.isArray(value)) return { text: '', with: [], children: value.map(next) }
  if (!isRecord(value)) return textComponent(value === undefined || value === null ? '' : String(value))
  const component: Component = {
    // A plain string in a mixed NBT list arrives under an empty key.
    text: asText(value.text ?? value['']),
    with: Array.isArray(value.with) ? value.with.map(next) : [],
    children: Array.isArray(value.extra) ? value.extra.map(next) : [],
  }
  if (typeof value.translate === 'string') component.translate = value.translate
  if (typeof value.color === 'string') component.color = value.color
  if (typeof value.insertion === 'string') component.insertion = value.insertion
  const click = value.click_event ?? value.clickEvent
  if (isRecord(click)) {
    component.click = {
      action: asText(click.action),
      value: asText(click.value ?? click.command ?? click.url),
    }
  }
  const hover = value.hover_event ?? value.hoverEvent
  if (isRecord(hover)) {
    component.hover = hover.action === 'show_text' ? next(hover.contents ?? hover.value) : 'other'
  }
  return component
}

/** The same from NBT as it came, without making values of what no component shows. */
function readRoot(nbt: Nbt, budget: Budget): Component | undefined {
  const reader = new NbtReader(nbt)
  const type = reader.readType()
  return type === TAG.end ? undefined : readComponent(reader, type, 0, budget)
}

function readComponent(reader: NbtReader, type: number, depth: number, budget: Budget): Component {
  spend(budget, depth)
  if (type === TAG.compound) return readCompound(reader, depth, budget)
  if (type === TAG.list) return { text: '', with: [], children: readAll(reader, depth, budget) }
  return textComponent(readScalar(reader, type, budget) ?? '')
}

function readAll(reader: NbtReader, depth: number, budget: Budget): Component[] {
  const type = reader.readType()
  const components: Component[] = []
  const length = reader.readLength()
  if (type !== TAG.end)
    for (let index = 0; index < length; index++)
      components.push(readComponent(reader, type, depth + 1, budget))
  return components
}

function readScalar(reader: NbtReader, type: number, budget: Budget): string | undefined {
  if (type !== TAG.string) return reader.readNumber(type)?.toString()
  const text = reader.readText()
  budget.characters -= text.length
  if (budget.characters < 0) throw new TooLarge()
  return text
}

function readCompound(reader: NbtReader, depth: number, budget: Budget): Component {
  const component: Component = { text: '', with: [], children: [] }
  let hasText = false
  for (let type = reader.readType(); type !== TAG.end; type = reader.readType()) {
    const name = reader.readText()
    spend(budget, depth)
    switch (name) {
      case 'text':
        hasText = true
        component.text = readScalar(reader, type, budget) ?? ''
        break
      // A plain string in a mixed list arrives under an empty key.
      case '':
        if (!hasText) component.text = readScalar(reader, type, budget) ?? ''
        else reader.skip(type)
        break
      case 'with':
        if (type === TAG.list) component.with = readAll(reader, depth, budget)
        else reader.skip(type)
        break
      case 'extra':
        if (type === TAG.list) component.children = readAll(reader, depth, budget)
        else reader.skip(type)
        break
      case 'translate':
      case 'color':
      case 'insertion':
        if (type === TAG.string) component[name] = readScalar(reader, type, budget)
        else reader.skip(type)
        break
      case 'click_event':
      case 'clickEvent':
        if (type === TAG.compound) component.click = readClick(reader, budget)
        else reader.skip(type)
        break
      case 'hover_event':
      case 'hoverEvent':
        if (type === TAG.compound) component.hover = readHover(reader, depth, budget)
        else reader.skip(type)
        break
      default:
        reader.skip(type)
    }
  }
  return component
}

function readClick(reader: NbtReader, budget: Budget): NonNullable<Component['click']> {
  const fields: { [name: string]: string | undefined } = {}
  for (let type = reader.readType(); type !== TAG.end; type = reader.readType()) {
    const name = reader.readText()
    if (CLICK_FIELDS.has(name) && TEXT_LIKE.has(type)) fields[name] = readScalar(reader, type, budget)
    else reader.skip(type)
  }
  return { action: fields.action ?? '', value: fields.value ?? fields.command ?? fields.url ?? '' }
}

const CLICK_FIELDS: ReadonlySet<string> = new Set(['action', 'value', 'command', 'url'])
const TEXT_LIKE: ReadonlySet<number> = new Set([
  TAG.string,
  TAG.byte,
  TAG.short,
  TAG.int,
  TAG.float,
  TAG.double,
])

function readHover(reader: NbtReader, depth: number, budget: Budget): NonNullable<Component['hover']> {
  let action: string | undefined
  let contents: Component | undefined
  let value: Component | undefined
  for (let type = reader.readType(); type !== TAG.end; type = reader.readType()) {
    const name = reader.readText()
    if (name === 'action' && type === TAG.string) action = readScalar(reader, type, budget)
    else if (name === 'contents') contents = readComponent(reader, type, depth + 1, budget)
    else if (name === 'value') value = readComponent(reader, type, depth + 1, budget)
    else reader.skip(type)
  }
  return action === 'show_text' ? (contents ?? value ?? textComponent('')) : 'other'
}

/** The pieces of text in reading order, each with its inherited style; empty ones left out. */
export function runsOf(component: Component, inherited: Omit<Run, 'text'> = {}): Run[] {
  const style = {
    color: component.color ?? inherited.color,
    click: component.click ?? inherited.click,
    hover: component.hover ?? inherited.hover,
  }
  const own = component.translate === undefined ? component.text : translate(component)
  const runs: Run[] = own === '' ? [] : [{ text: own, ...style }]
  for (const child of component.children) runs.push(...runsOf(child, style))
  return runs
}

export function textOf(component: Component): string {
  let text = component.translate === undefined ? component.text : translate(component)
  for (const child of component.children) text += textOf(child)
  return text
}

/** The text as it is shown: without the `§x` codes of style that it may hold. */
export function shownText(component: Component): string {
  const text = textOf(component)
  return text.includes('§') ? text.replace(/§./gs, '') : text
}

/** The few translated texts that a log line or a chat pattern needs; others show their key and arguments. */
const TRANSLATIONS: { [key: string]: string } = {
  'chat.type.admin': '[%s: %s]',
  'chat.type.text': '<%s> %s',
  'chat.type.announcement': '[%s] %s',
  'chat.type.emote': '* %s %s',
  'commands.save.disabled': 'Automatic saving is now disabled',
  'commands.save.enabled': 'Automatic saving is now enabled',
  'commands.save.success': 'Saved the game',
  'commands.stop.stopping': 'Stopping the server',
  'multiplayer.player.joined': '%s joined the game',
  'multiplayer.player.left': '%s left the game',
  'multiplayer.disconnect.server_shutdown': 'Server closed',
  'multiplayer.disconnect.kicked': 'Kicked by an operator',
  'multiplayer.disconnect.banned': 'You are banned from this server',
  'multiplayer.disconnect.banned.reason': 'You are banned from this server. Reason: %s',
  'multiplayer.disconnect.not_whitelisted': 'You are not white-listed on this server!',
  'multiplayer.disconnect.duplicate_login': 'You logged in from another location',
  'multiplayer.disconnect.outdated_client': 'Outdated client! Please use %s',
  'multiplayer.disconnect.outdated_server': 'Outdated server! I am still on %s',
  'multiplayer.disconnect.incompatible': 'Incompatible client! Please use %s',
  'multiplayer.disconnect.unverified_username': 'Failed to verify username!',
  'multiplayer.disconnect.idling': 'You have been idle for too long!',
  'multiplayer.disconnect.server_full': 'The server is full!',
  'disconnect.spam': 'Kicked for spamming',
}

function translate(component: Component): string {
  const key = component.translate ?? ''
  const args = component.with.map(textOf)
  const pattern = Object.hasOwn(TRANSLATIONS, key) ? TRANSLATIONS[key] : undefined
  if (pattern === undefined) return [key, ...args].join(' ')
  let used = 0
  return pattern.replace(/%s/g, () => args[used++] ?? '')
}

function asText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
