/** The recordings that the practice server is held against. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const CORPUS = join(import.meta.dirname, '../fixture/corpus')

/** The objects of a file with one JSON object a line. */
export function lines<T>(path: string): T[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as T)
}

/** A component or an NBT tree as text with its keys in one order; a JSON string is read first. */
export function sorted(value: unknown): string {
  return JSON.stringify(inOrder(typeof value === 'string' ? JSON.parse(value) : value))
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, child]) => [key, inOrder(child)]))
}
