import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { type Component, plainText, readComponent } from '../../src/demo/component.ts'
import { loadEdition } from '../../src/demo/library.ts'
import { createWire } from '../../src/demo/wire.ts'
import { CORPUS, lines, sorted } from './corpus.ts'

type Chat = { kind: string; raw: unknown; plain: string }
type Tellraw = { json: string }

test('a component is encoded as the recordings have it, in every version that was recorded', () => {
  const compared = new Map<string, number>()
  for (const file of globSync('*/*/tellraw.jsonl', { cwd: CORPUS })) {
    const folder = join(CORPUS, dirname(file))
    const { mc_version } = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as {
      mc_version: string
    }
    const wire = createWire(loadEdition(mc_version))
    const said = new Set(
      lines<Tellraw>(join(CORPUS, file)).map(({ json }) =>
        sorted(wire.encode(JSON.parse(json) as Component)),
      ),
    )
    for (const chat of globSync('chat*.jsonl', { cwd: folder })) {
      for (const { kind, raw, plain } of lines<Chat>(join(folder, chat))) {
        if (kind !== 'system_chat' || !plain.startsWith('[PB] ')) continue
        assert.ok(said.has(sorted(raw)), `${file}, ${basename(chat)}: ${plain}\n${JSON.stringify(raw)}`)
        compared.set(mc_version, (compared.get(mc_version) ?? 0) + 1)
      }
    }
  }
  assert.deepEqual([...compared.keys()].sort(), ['1.20.1', '1.20.4', '1.21.8', '26.1'])
  assert.ok((compared.get('1.20.4') ?? 0) > 200, JSON.stringify([...compared]))
})

test('click and hover are spelt as the version spells them, whatever they were handed in as', () => {
  const old: Component = {
    text: 'a',
    clickEvent: { action: 'open_url', value: 'https://example.org' },
    hoverEvent: { action: 'show_text', value: 'b' },
  }
  const renamed: Component = {
    text: 'a',
    click_event: { action: 'open_url', url: 'https://example.org' },
    hover_event: { action: 'show_text', value: 'b' },
  }
  for (const version of ['1.12.2', '1.16.5', '1.20.4', '1.21.4', '1.21.5', '26.1']) {
    const { encode } = createWire(loadEdition(version))
    assert.deepEqual(encode(old), encode(renamed), version)
  }
  const json = (version: string) => JSON.parse(String(createWire(loadEdition(version)).encode(old)))
  assert.deepEqual(json('1.12.2').hoverEvent, { action: 'show_text', value: { text: 'b' } })
  assert.deepEqual(json('1.16.5').hoverEvent, { action: 'show_text', contents: { text: 'b' } })
  assert.match(
    JSON.stringify(createWire(loadEdition('1.21.5')).encode(old)),
    /"click_event".*"url".*"hover_event"/,
  )
})

test('a list of bare strings stays one, and strings among compounds get an empty key', () => {
  const { encode } = createWire(loadEdition('1.21.4'))
  const strings = ['', { text: 'a' }, { text: 'b' }]
  const mixed = ['', { text: 'a' }, { text: 'b', color: 'red' }]
  assert.match(JSON.stringify(encode(strings)), /\{"type":"string","value":\["a","b"\]\}/)
  assert.match(JSON.stringify(encode(mixed)), /\[\{"":\{"type":"string","value":"a"\}\},/)
  assert.deepEqual(encode({ text: 'a' }), { type: 'string', value: 'a' })
})

test('the component of a /tellraw keeps only the spelling that the version knows', () => {
  const json = '{"text":"a","hoverEvent":{"action":"show_text","value":"b"}}'
  assert.deepEqual(readComponent(json, 'old'), JSON.parse(json))
  assert.deepEqual(readComponent(json, 'new'), { text: 'a' })
  assert.deepEqual(readComponent('["",{"text":"a"}]', 'new'), ['', { text: 'a' }])
  for (const broken of ['{', '[]', '{}', 'null', '{"color":"red"}', '{"text":"a","clickEvent":"x"}'])
    assert.equal(readComponent(broken, 'old'), undefined, broken)
})

test('translated lines read as in the game', () => {
  const admin: Component = {
    translate: 'chat.type.admin',
    with: ['Server', { translate: 'commands.save.enabled' }],
  }
  assert.equal(plainText(admin), '[Server: Automatic saving is now enabled]')
  assert.equal(plainText(['', { text: 'a', extra: ['b'] }, 'c']), 'abc')
})
