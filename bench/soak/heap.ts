/** Two snapshots of a heap, compared: of what there is more in the second. */
import { readFileSync } from 'node:fs'

type Snapshot = {
  snapshot: { meta: { node_fields: string[]; node_types: [string[], ...unknown[]] } }
  nodes: number[]
  strings: string[]
}

type Group = { count: number; bytes: number }

/** By kind, and by the name of the constructor or the beginning of the text. */
function groupsOf(file: string): Map<string, Group> {
  const { snapshot, nodes, strings } = JSON.parse(readFileSync(file, 'utf8')) as Snapshot
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [type = 0, name = 0, size = 0] = ['type', 'name', 'self_size'].map(field => fields.indexOf(field))
  const groups = new Map<string, Group>()
  for (let at = 0; at < nodes.length; at += fields.length) {
    const label = strings[nodes[at + name] ?? 0]?.slice(0, 60)
    const key = `${types[0][nodes[at + type] ?? 0]}: ${label}`
    const group = groups.get(key) ?? { count: 0, bytes: 0 }
    group.count += 1
    group.bytes += nodes[at + size] ?? 0
    groups.set(key, group)
  }
  return groups
}

/** Rows of name, how many more, and bytes more; most bytes first. */
export function grownBetween(before: string, after: string, most: number): string[][] {
  const had = groupsOf(before)
  return [...groupsOf(after)]
    .map(([key, { count, bytes }]) => {
      const was = had.get(key) ?? { count: 0, bytes: 0 }
      return { key, count: count - was.count, bytes: bytes - was.bytes }
    })
    .sort((one, other) => other.bytes - one.bytes)
    .slice(0, most)
    .map(({ key, count, bytes }) => [JSON.stringify(key), String(count), String(bytes)])
}
