/**
 * A component as one version of the game sends it: a JSON string before 1.20.3, NBT from there on.
 * Rules: facts/prime-backup.md section 5; proven on every line of the recordings (test/demo/wire.test.ts).
 */
import { type Component, type Tree, treeOf } from './component.ts'
import type { Edition, Nbt } from './library.ts'

export type Wire = {
  encode(component: Component): string | Nbt
  /** The spelling of click and hover that this version reads. */
  events: 'old' | 'new'
}

export function createWire(edition: Pick<Edition, 'atLeast'>): Wire {
  const events = edition.atLeast('1.21.5') ? 'new' : 'old'
  if (edition.atLeast('1.20.3')) return { events, encode: component => nbtOf(treeOf(component), events) }
  const hover = edition.atLeast('1.16') ? 'contents' : 'value'
  return { events, encode: component => JSON.stringify(jsonOf(treeOf(component), hover)) }
}

type JsonObject = { [key: string]: unknown }

function jsonOf(tree: Tree, hover: 'contents' | 'value'): JsonObject {
  const json: JsonObject = { ...tree.style }
  if (tree.click) json.clickEvent = tree.click
  if (tree.hover) json.hoverEvent = jsonHover(tree.hover, hover)
  if (tree.extra.length > 0) json.extra = tree.extra.map(child => jsonOf(child, hover))
  if (tree.translate === undefined) json.text = tree.text
  else {
    json.translate = tree.translate
    if (tree.with.length > 0) json.with = tree.with.map(argument => jsonOf(argument, hover))
  }
  return json
}

function jsonHover(hover: NonNullable<Tree['hover']>, key: 'contents' | 'value'): JsonObject {
  const { action } = hover
  if (action === 'show_text') return { action, [key]: jsonOf(hover.text, key) }
  const { uuid, name } = hover
  if (key === 'contents')
    return { action, contents: { type: 'minecraft:player', id: uuid, name: { text: name } } }
  return { action, value: { text: `{name:"${name}",id:"${uuid}",type:"minecraft:player"}` } }
}

type Compound = { [key: string]: Nbt }

const text = (value: string): Nbt => ({ type: 'string', value })
const compound = (value: Compound): Nbt => ({ type: 'compound', value })

/** A component without style or children is a bare string, at the root too. */
function nbtOf(tree: Tree, events: 'old' | 'new'): Nbt {
  const fields: Compound = {}
  if (tree.translate !== undefined) {
    fields.translate = text(tree.translate)
    if (tree.with.length > 0) fields.with = nbtList(tree.with, events)
  }
  if (tree.extra.length > 0) fields.extra = nbtList(tree.extra, events)
  if (tree.translate === undefined) fields.text = text(tree.text)
  for (const [key, value] of Object.entries(tree.style))
    fields[key] = typeof value === 'boolean' ? { type: 'byte', value: value ? 1 : 0 } : text(String(value))
  if (tree.click) {
    const { action, value } = tree.click
    const key = events === 'old' ? 'value' : clickKey(action)
    fields[events === 'old' ? 'clickEvent' : 'click_event'] = compound({
      action: text(action),
      [key]: text(value),
    })
  }
  if (tree.hover) fields[events === 'old' ? 'hoverEvent' : 'hover_event'] = nbtHover(tree.hover, events)
  const [only, ...others] = Object.keys(fields)
  return only === 'text' && others.length === 0 ? text(tree.text) : compound(fields)
}

function clickKey(action: string): 'url' | 'command' | 'value' {
  if (action === 'open_url') return 'url'
  return action.endsWith('_command') ? 'command' : 'value'
}

function nbtHover(hover: NonNullable<Tree['hover']>, events: 'old' | 'new'): Nbt {
  const action = text(hover.action)
  if (hover.action === 'show_text')
    return compound({ action, [events === 'old' ? 'contents' : 'value']: nbtOf(hover.text, events) })
  const uuid: Nbt = { type: 'intArray', value: uuidInts(hover.uuid) }
  const name = text(hover.name)
  const type = text('minecraft:player')
  if (events === 'new') return compound({ action, id: type, uuid, name })
  return compound({ action, contents: compound({ type, id: uuid, name }) })
}

/** Lists are of one type: strings among compounds become compounds with an empty key. */
function nbtList(trees: Tree[], events: 'old' | 'new'): Nbt {
  const nodes = trees.map(tree => nbtOf(tree, events))
  const type = nodes.every(node => node.type === 'string') ? 'string' : 'compound'
  const values = nodes.map(node =>
    type === 'compound' && node.type === 'string' ? { '': node } : node.value,
  )
  return { type: 'list', value: { type, value: values } }
}

function uuidInts(uuid: string): number[] {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex')
  return [0, 4, 8, 12].map(offset => bytes.readInt32BE(offset))
}
