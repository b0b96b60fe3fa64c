/**
 * Text components as servers and plugins write them, read into one tree and into plain text.
 * A second reading beside `source/component.ts`, on purpose: the practice server must not share a mistake with the
 * bridge that is tried on it.
 */

/** What may be handed to the practice server: either spelling of the events, whatever the version. */
export type Component = string | Component[] | ComponentObject

export type ComponentObject = {
  text?: string
  translate?: string
  with?: Component[]
  extra?: Component[]
  color?: string
  bold?: boolean
  italic?: boolean
  underlined?: boolean
  strikethrough?: boolean
  obfuscated?: boolean
  insertion?: string
  clickEvent?: { action: string; value: string }
  hoverEvent?: HoverEvent
  click_event?: { action: string; value?: string; command?: string; url?: string }
  hover_event?: HoverEvent
}

export type HoverEvent =
  | { action: 'show_text'; value?: Component; contents?: Component }
  /** A player, as over a name in chat. */
  | { action: 'show_entity'; uuid: string; name: string }

/** A component in one spelling. Style keys stand in the order in which vanilla writes them. */
export type Tree = {
  text: string
  translate?: string
  with: Tree[]
  style: { [Key in StyleKey]?: string | boolean }
  click?: { action: string; value: string }
  hover?: { action: 'show_text'; text: Tree } | { action: 'show_entity'; uuid: string; name: string }
  extra: Tree[]
}

const STYLE_KEYS = [
  'bold',
  'italic',
  'underlined',
  'strikethrough',
  'obfuscated',
  'color',
  'insertion',
] as const
type StyleKey = (typeof STYLE_KEYS)[number]

export function treeOf(component: Component): Tree {
  if (typeof component === 'string') return { text: component, with: [], style: {}, extra: [] }
  if (Array.isArray(component)) {
    const [first = '', ...rest] = component
    const head = treeOf(first)
    return { ...head, extra: [...head.extra, ...rest.map(treeOf)] }
  }
  const tree: Tree = {
    text: component.text ?? '',
    with: (component.with ?? []).map(treeOf),
    style: {},
    extra: (component.extra ?? []).map(treeOf),
  }
  if (component.translate !== undefined) tree.translate = component.translate
  for (const key of STYLE_KEYS) if (component[key] !== undefined) tree.style[key] = component[key]
  const click: ComponentObject['click_event'] = component.click_event ?? component.clickEvent
  if (click) tree.click = { action: click.action, value: click.command ?? click.url ?? click.value ?? '' }
  const hover = component.hover_event ?? component.hoverEvent
  if (hover?.action === 'show_text')
    tree.hover = { action: 'show_text', text: treeOf(hover.contents ?? hover.value ?? '') }
  else if (hover) tree.hover = hover
  return tree
}

/** Vanilla's English for the keys that the practice server sends. */
const ENGLISH: { [key: string]: string } = {
  'chat.type.text': '<%s> %s',
  'chat.type.announcement': '[%s] %s',
  'chat.type.emote': '* %s %s',
  'chat.type.admin': '[%s: %s]',
  'commands.save.disabled': 'Automatic saving is now disabled',
  'commands.save.enabled': 'Automatic saving is now enabled',
  'commands.save.success': 'Saved the game',
  'commands.stop.stopping': 'Stopping the server',
  'commands.message.display.incoming': '%s whispers to you: %s',
  'commands.message.display.outgoing': 'You whisper to %s: %s',
  'commands.generic.notFound': 'Unknown command. Try /help for a list of commands',
  'command.unknown.command': 'Unknown or incomplete command, see below for error',
  'command.context.here': '<--[HERE]',
  'argument.entity.notfound.player': 'No player was found',
  'commands.generic.player.notFound': 'That player cannot be found',
  'argument.component.invalid': 'Invalid chat component: %s',
  'commands.tellraw.jsonException': 'Invalid JSON: %s',
  'multiplayer.player.joined': '%s joined the game',
  'multiplayer.player.left': '%s left the game',
  'multiplayer.disconnect.server_shutdown': 'Server closed',
  'multiplayer.disconnect.duplicate_login': 'You logged in from another location',
  'multiplayer.disconnect.illegal_characters': 'Illegal characters in chat',
  'multiplayer.disconnect.kicked': 'Kicked by an operator',
  'disconnect.spam': 'Kicked for spamming',
  'disconnect.genericReason': '%s',
}

/** What a player reads. */
export function plainText(component: Component): string {
  return textOf(treeOf(component))
}

function textOf(tree: Tree): string {
  const children = tree.extra.map(textOf).join('')
  if (tree.translate === undefined) return tree.text + children
  let used = 0
  const shown = (ENGLISH[tree.translate] ?? tree.translate).replace(/%s/g, () => {
    const argument = tree.with[used++]
    return argument ? textOf(argument) : ''
  })
  return shown + children
}

/**
 * What a player wrote after `/tellraw`, undefined where it is no component. `events` is the spelling that this version
 * of the game knows; the other is passed over, as vanilla does (facts/prime-backup.md section 5).
 */
export function readComponent(json: string, events: 'old' | 'new'): Component | undefined {
  try {
    return known(JSON.parse(json), events)
  } catch {
    return undefined
  }
}

const EVENT_KEYS = { old: ['clickEvent', 'hoverEvent'], new: ['click_event', 'hover_event'] }
const TEXT_KEYS = new Set(['text', 'translate', 'with', 'extra', ...STYLE_KEYS])

/** Throws on what is no component. */
function known(value: unknown, events: 'old' | 'new'): Component {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value) && value.length > 0) return value.map(child => known(child, events))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('no component')
  const kept: { [key: string]: unknown } = {}
  for (const [key, field] of Object.entries(value)) {
    if ((key === 'extra' || key === 'with') && Array.isArray(field))
      kept[key] = field.map(child => known(child, events))
    else if (TEXT_KEYS.has(key)) kept[key] = key === 'text' ? String(field) : field
    else if (EVENT_KEYS[events].includes(key)) kept[key] = event(field, events)
  }
  if (kept.text === undefined && kept.translate === undefined) throw new TypeError('no component')
  return kept as Component
}

function event(field: unknown, events: 'old' | 'new'): object {
  if (typeof field !== 'object' || field === null || !('action' in field)) throw new TypeError('no event')
  const { action, ...rest } = field as { action: unknown; value?: unknown; contents?: unknown }
  if (action !== 'show_text') return { action, ...rest }
  return { action, value: known(rest.contents ?? rest.value, events) }
}
