import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { USER_AGENT } from '../src/bridge.ts'
import { helpLines } from '../src/command/answer.ts'
import { parseCommand } from '../src/command/notify.ts'
import { configSchema } from '../src/config.ts'
import { EVENT_NAMES } from '../src/event.ts'
import { LANGUAGES } from '../src/language.ts'
import { manifest } from '../src/manifest.ts'

function packageJson(file: string) {
  return JSON.parse(readFileSync(join(import.meta.dirname, '..', file), 'utf8'))
}

test('the manifest has the version of the package', () => {
  assert.equal(manifest.version, packageJson('package.json').version)
  assert.equal(manifest.version, packageJson('package-lock.json').version)
})

test('the bridge goes by the id that receivers know it by', () => {
  assert.equal(manifest.id, 'prime_backup_bridge')
  assert.equal(USER_AGENT, `prime_backup_bridge/${manifest.version}`)
})

test('the manifest lists the six events in their order', () => {
  assert.deepEqual(manifest.events, [...EVENT_NAMES])
})

test('each command of the manifest is one that the bridge takes, by a permission that the config has', () => {
  const { commands } = configSchema.parse({ servers: [{}] }).servers[0] ?? assert.fail('no server')
  assert.deepEqual(
    manifest.commands.map(({ name }) => name),
    ['test notify', 'notify status', 'notify mute', 'notify unmute'],
  )
  for (const { name, usage, permission } of manifest.commands) {
    assert.notEqual(parseCommand(name), undefined)
    for (const language of LANGUAGES) assert.ok(usage[language].startsWith(`{prefix} ${name}`))
    const [block, key = ''] = permission.split('.')
    assert.equal(block, 'commands')
    assert.ok(key in commands, permission)
  }
})

test('the manifest says everything in both languages', () => {
  for (const language of LANGUAGES) {
    const texts = [
      manifest.name,
      manifest.description,
      ...manifest.commands.map(({ description }) => description),
    ]
    for (const text of texts) assert.notEqual(text[language], '')
  }
  assert.notEqual(manifest.description.en_us, manifest.description.zh_cn)
})

test('the help in the game is that of the manifest, with the prefix of the server', () => {
  const lines = (prefix: string) => LANGUAGES.flatMap(language => helpLines(manifest, prefix, language))
  const texts = lines('!!pb').map(({ text }) => text)
  assert.equal(texts.length, manifest.commands.length * LANGUAGES.length)
  assert.ok(texts.includes('!!pb test notify [<event>]: send a test notification'))
  assert.ok(texts.includes('!!pb notify mute <时长> [<端点>]: 静音一段时间，结束后汇总通知'))
  assert.equal(lines('$&$1')[0]?.text, '$&$1 test notify [<event>]: send a test notification')
})
