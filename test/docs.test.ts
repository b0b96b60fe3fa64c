import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseConfig } from '../src/config.ts'
import { PROVIDERS } from '../src/delivery/catalog.ts'
import { EVENT_NAMES } from '../src/event.ts'
import { LANGUAGES } from '../src/language.ts'
import { manifest } from '../src/manifest.ts'

const ROOT = join(import.meta.dirname, '..')
const READMES = { en_us: 'README.md', zh_cn: 'README.zh.md' } as const

/** The first cells of the rows of the table under a heading cell. */
function firstCells(markdown: string, head: string): string[] {
  const table = markdown.split('\n\n').find(block => block.startsWith(`| ${head} |`))
  assert.ok(table, `no table headed "${head}"`)
  return table
    .split('\n')
    .slice(2)
    .map(row => row.split('|')[1]?.trim().replaceAll('`', '') ?? '')
}

const HEADS = {
  en_us: { event: 'event', type: 'type', command: 'in game' },
  zh_cn: { event: '事件', type: 'type', command: '游戏内' },
} as const

for (const language of LANGUAGES) {
  const markdown = readFileSync(join(ROOT, READMES[language]), 'utf8')
  const heads = HEADS[language]

  test(`${READMES[language]} lists the events, the providers and the commands that there are`, () => {
    assert.deepEqual(firstCells(markdown, heads.event), [...EVENT_NAMES])
    assert.deepEqual(
      firstCells(markdown, heads.type),
      PROVIDERS.map(({ type }) => type),
    )
    assert.deepEqual(
      firstCells(markdown, heads.command),
      manifest.commands.map(({ usage }) => usage[language].replace('{prefix}', '!!pb')),
    )
  })

  test(`the config of ${READMES[language]} is valid`, () => {
    const examples = [...markdown.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text = '']) => text)
    assert.equal(examples.length, 1)
    for (const example of examples) parseConfig(example, READMES[language], {})
  })
}
