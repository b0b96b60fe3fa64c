/**
 * The tags that a version's registries name. From 1.20.5 on a client refuses registries that name a tag it was not
 * sent; the protocol library sends registries, but no tags. Empty ones will do. Untested with a vanilla client.
 */
import { type Codec, isTable, type Nbt, type Packet } from './library.ts'

/** The registry that a field's tags are of. */
const REGISTRY_OF_FIELD: { [field: string]: string } = {
  infiniburn: 'minecraft:block',
  blocks: 'minecraft:block',
  immune_blocks: 'minecraft:block',
  supported_items: 'minecraft:item',
  primary_items: 'minecraft:item',
  items: 'minecraft:item',
  exclusive_set: 'minecraft:enchantment',
  type: 'minecraft:entity_type',
  biomes: 'minecraft:worldgen/biome',
  timelines: 'minecraft:timeline',
  dialogs: 'minecraft:dialog',
}

/** Undefined before 1.20.5. */
export function tagsPacket(codec: Codec | undefined): Packet | undefined {
  if (!isTable(codec)) return undefined
  const found = new Map<string, Set<string>>()
  for (const { entries } of Object.values(codec)) {
    for (const { value } of entries) if (value) collect(value, '', found)
  }
  const tags = [...found].map(([tagType, names]) => ({
    tagType,
    tags: [...names].map(tagName => ({ tagName, entries: [] })),
  }))
  return { name: 'tags', params: { tags } }
}

function collect({ type, value }: Nbt, field: string, found: Map<string, Set<string>>): void {
  if (type === 'compound') {
    for (const [key, node] of Object.entries(value as { [key: string]: Nbt })) collect(node, key, found)
  } else if (type === 'list') {
    const list = value as { type: string; value: unknown[] }
    for (const element of list.value) collect({ type: list.type, value: element }, field, found)
  } else if (type === 'string' && String(value).startsWith('#minecraft:')) {
    const registry = REGISTRY_OF_FIELD[field]
    if (registry === undefined) return
    const names = found.get(registry) ?? new Set()
    found.set(registry, names.add(String(value).slice(1)))
  }
}
