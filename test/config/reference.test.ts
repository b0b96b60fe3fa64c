import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { test } from 'node:test'
import { parseBytes } from '../../src/bytes.ts'
import { renderReference } from '../../src/config/reference.ts'
import { renderSchema } from '../../src/config/schema.ts'
import { loadConfig, parseConfig } from '../../src/config.ts'
import { parseDuration } from '../../src/duration.ts'

const FILE = readFileSync(join(import.meta.dirname, '../../docs/CONFIG.md'), 'utf8')

type Schema = { properties?: { [key: string]: Schema }; items?: Schema }
type Row = { path: string; type: string; fallback: string; text: string }

/** Each row of the tables, its path put together from its heading and its key. */
function rowsOf(markdown: string): Row[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .flatMap(section => {
      const block = /^`(.+)`/.exec(section)?.[1]
      return [...section.matchAll(/^\| (?:\[)?`([^`]+)`(?:\]\(\S+\))? \| (.*?) \| (.*?) ?\| (.*) \|$/gm)].map(
        ([, key = '', type = '', fallback = '', text = '']) => {
          const name = key.split('.').at(-1) ?? ''
          return { path: block === undefined ? name : `${block}.${name}`, type, fallback, text }
        },
      )
    })
}

function keysOf({ properties = {}, items }: Schema, path: string): string[] {
  if (items?.properties) return keysOf(items, `${path}[]`)
  return Object.entries(properties).flatMap(([key, child]) => {
    const place = path === '' ? key : `${path}.${key}`
    return [place, ...keysOf(child, place)]
  })
}

test('docs/CONFIG.md is that of the code: npm run generate', () => {
  assert.equal(FILE, renderReference())
})

test('docs/CONFIG.md has one row for each key of the schema, with words of its own', () => {
  const rows = rowsOf(FILE)
  assert.deepEqual(rows.map(({ path }) => path).toSorted(), keysOf(JSON.parse(renderSchema()), '').toSorted())
  for (const { path, type, text } of rows) {
    assert.notEqual(type, '', path)
    assert.match(text, /\.$/, path)
  }
})

test('docs/CONFIG.md tells the limits that JSON Schema has no words for', () => {
  const told = new Map(rowsOf(FILE).map(({ path, type, fallback }) => [path, `${type} | ${fallback}`]))
  assert.equal(told.get('servers[].mcdr.pollInterval'), 'duration, `"100ms"` to `"1m"` | `"1s"`')
  assert.equal(told.get('state.retention'), 'duration, at least `"1h"` | `"30d"`')
  assert.equal(told.get('state.maxSize'), 'size, at least `"1MB"` | `"256MB"`')
  assert.equal(told.get('servers[].mcdr.log'), 'path | **required**')
  assert.equal(told.get('servers[].timeZone'), 'text; write an IANA name, for example `"Asia/Shanghai"` | ')
})

test('every key that docs/CONFIG.md calls a path is read as one, from the folder of the config', context => {
  const folder = mkdtempSync(join(tmpdir(), 'pb-bridge-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const raw = {
    servers: [
      {
        mcdr: { log: 'a' },
        primeBackup: { database: 'a', config: 'a' },
        commands: { mcdrPermissions: 'a', opsJson: 'a' },
      },
    ],
    state: { dir: 'a' },
  }
  const file = join(folder, 'config.json')
  writeFileSync(file, JSON.stringify(raw))
  const config = loadConfig(file, {})
  const paths = rowsOf(FILE).filter(({ type }) => type.startsWith('path'))
  assert.equal(paths.length, JSON.stringify(raw).split('"a"').length - 1)
  for (const { path } of paths) {
    const value = path
      .replace('[]', '.0')
      .split('.')
      .reduce<unknown>((node, key) => (node as { [key: string]: unknown })[key], config)
    assert.ok(isAbsolute(String(value)), `${path} is ${value}`)
  }
})

test('the config takes what the introduction of docs/CONFIG.md says, and refuses what it says', () => {
  function parse(text: string) {
    return parseConfig(text, 'config.json', {})
  }
  const { servers } = parse('{ // a comment\n "servers": [{}] /* another */ }')
  assert.equal(servers.length, 1)
  assert.throws(() => parse('{ "servers": [{}], }'), /after the last entry there must be no comma/)
  assert.throws(() => parse('{ "servers": [{}], "servers": [{}] }'), /stands here a second time/)
  const days = (text: string) => (parseDuration(text) ?? 0) / 86_400_000
  assert.deepEqual(samplesOf('duration').map(parseDuration).map(Number.isFinite), Array(8).fill(true))
  assert.deepEqual([days('2mon'), days('1y'), parseDuration(5)], [60, 365, 5000])
  assert.deepEqual(samplesOf('size').map(parseBytes), [512 * 1024, 256 * 1024 ** 2, 1024 ** 3])
})

/** The examples in quotes of one line of the introduction. */
function samplesOf(word: string): string[] {
  const lines = FILE.split('\n## ')[0]?.split('\n- ') ?? []
  const line = lines.find(item => item.startsWith(`**A ${word}**`)) ?? ''
  return [...line.matchAll(/`"([^`"]+)"`/g)].map(([, sample = '']) => sample)
}
