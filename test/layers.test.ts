import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'

const SRC = join(import.meta.dirname, '../src')

/**
 * The pipeline as ranks: a file imports only from its own row or from rows above it.
 * Types count too: what a stage may know is what its types may name.
 */
const RANKS: RegExp[] = [
  // The vocabulary, and what everything may use.
  /^(event|observation|outcome|language|clock|duration|bytes|log|localtime|manifest|notices|control)\.ts$/,
  // What others say, as data.
  /^(primebackup\/|source\/(varint|nbt|component|chat)\.ts)/,
  // The pure middle.
  /^(observe|recording|lifecycle|tracker)\.ts$|^task\//,
  // What was seen, on the disk until it is delivered.
  /^outbox\//,
  // The edges: in, and out.
  /^(source|delivery)\//,
  // Commands know the outcome of a delivery and the bot's hand in the game.
  /^command\//,
  /^config(\.ts$|\/(environment|fault)\.ts$)/,
  // What lies on the disk beside the bridge, read for a new config or for a diagnosis.
  /^setup\//,
  /^(bridge|watch|follow|details|show|sight|rest|stored|replay)\.ts$|^config\/(schema|reference)\.ts$/,
  /^doctor\//,
  // How systemd keeps it running.
  /^service\//,
  /^demo\//,
  /^cli\//,
  /^cli\.ts$/,
]

function rankOf(file: string): number {
  const rank = RANKS.findIndex(pattern => pattern.test(file))
  assert.notEqual(rank, -1, `${file} has no rank; give it one here, and in docs/ARCHITECTURE.md`)
  return rank
}

const files = globSync('**/*.ts', { cwd: SRC })
const imports = files.flatMap(file => {
  const text = readFileSync(join(SRC, file), 'utf8')
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, target = '']) => ({
    file,
    target: relative(SRC, join(SRC, dirname(file), target)),
  }))
})

test('imports go up the ranks of the pipeline only', () => {
  for (const { file, target } of imports) {
    if (target.startsWith('..')) continue
    assert.ok(rankOf(target) <= rankOf(file), `${file} imports ${target}, which comes later in the pipeline`)
  }
})

test('no two files import each other, directly or in a ring', () => {
  const done = new Set<string>()
  function visit(file: string, path: string[]) {
    assert.ok(!path.includes(file), `a ring of imports: ${[...path, file].join(' → ')}`)
    if (done.has(file)) return
    for (const { target } of imports.filter(edge => edge.file === file)) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
})

test('the stages in and out do not know each other', () => {
  for (const { file, target } of imports) {
    if (file.startsWith('source/')) assert.doesNotMatch(target, /^delivery\//, `${file} imports ${target}`)
    if (file.startsWith('delivery/')) assert.doesNotMatch(target, /^source\//, `${file} imports ${target}`)
  }
})

test('the protocol library is loaded by one file, and when it is first needed', () => {
  for (const file of files) {
    const text = readFileSync(join(SRC, file), 'utf8')
    const loads = /from '(minecraft-protocol|minecraft-data)'/.test(text)
    assert.ok(!loads || file.startsWith('demo/'), `${file} imports the protocol library when it is loaded`)
  }
})
