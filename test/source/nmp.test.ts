/** What src/source/nmp.ts leans on inside of minecraft-protocol and of its libraries. Where one of these fails, read it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import minecraftData from 'minecraft-data'
import { packetNames } from '../../src/source/codec.ts'
import { NO_CHAT, NoValidator } from '../../src/source/light.ts'
import { wantedIn } from '../../src/source/names.ts'
import { lazyData, type VersionData } from '../../src/source/nmp.ts'

const ROOT = join(import.meta.dirname, '../..')
const require = createRequire(import.meta.url)
const LIBRARY = dirname(require.resolve('minecraft-protocol'))
const CLIENT_FEATURES = ['setProtocol', 'play', 'chat', 'compress', 'encrypt']

const sourceOf = (file: string) => readFileSync(join(LIBRARY, file), 'utf8')

describe('minecraft-protocol', () => {
  it('is the version that was read, to the letter', () => {
    const pinned = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: { [name: string]: string }
    }
    const { version } = JSON.parse(readFileSync(join(LIBRARY, '../package.json'), 'utf8')) as {
      version: string
    }
    assert.equal(version, '1.68.0')
    assert.equal(
      pinned.devDependencies['minecraft-protocol'],
      version,
      'package.json must name this version alone',
    )
    const files = [
      'client.js',
      'createClient.js',
      ...CLIENT_FEATURES.map(name => `client/${name}.js`),
      'client/microsoftAuth.js',
      'transforms/serializer.js',
      'transforms/framing.js',
      'transforms/compression.js',
      'datatypes/compiler-minecraft.js',
    ]
    const hash = createHash('sha256')
    for (const file of files) hash.update(sourceOf(file))
    assert.equal(
      hash.digest('hex').slice(0, 16),
      'fc08551c9caa3880',
      'its inside has changed; see src/source/nmp.ts',
    )
  })

  it('gives a client the features that are ours, or that we do without', () => {
    const called = [...sourceOf('createClient.js').matchAll(/^ {4}(\w+)\(client, options\)/gm)].map(
      ([, name]) => name,
    )
    assert.deepEqual(called, [
      'setProtocol',
      // manners.ts answers.
      'keepalive',
      'encrypt',
      'play',
      'compress',
      // Channels of mods; manners.ts answers the one question that is asked of everybody.
      'pluginChannels',
      // session.ts reads the reason of a kick itself.
      'versionChecking',
    ])
  })

  it('says and hears nothing that is not in our lists', () => {
    const versions = ['1.12.2', '1.16.5', '1.19', '1.19.2', '1.20.1', '1.20.2', '1.21.4', '26.1']
    const namesIn = (state: string, direction: 'toClient' | 'toServer') =>
      new Set(
        versions.flatMap(version => {
          const { protocol } = (minecraftData as unknown as (version: string) => VersionData)(version)
          return [...packetNames(protocol, state, direction).values()]
        }),
      )
    const states = ['play', 'configuration']
    const small = ['handshaking', 'login']
    for (const [direction, pattern, left] of [
      ['toServer', /write\(.*?'(\w+)'/g, []],
      // Players' keys, and messages that are taken back: only who checks signatures needs them.
      ['toClient', /on(?:ce)?\('(\w+)'/g, ['player_info', 'player_remove', 'message_header', 'hide_message']],
    ] as const) {
      const listed = new Set([
        ...states.flatMap(state => [...(wantedIn(state)[direction] ?? [])]),
        ...small.flatMap(state => [...namesIn(state, direction)]),
        ...left,
      ])
      const all = new Set(states.flatMap(state => [...namesIn(state, direction)]))
      const used = CLIENT_FEATURES.flatMap(name =>
        [...sourceOf(`client/${name}.js`).matchAll(pattern)].map(([, packet = '']) => packet),
      )
      const packets = used.filter(name => all.has(name) || listed.has(name))
      assert.ok(packets.length > 10, `only ${packets.join()}`)
      for (const name of packets) assert.ok(listed.has(name), `${direction}: ${name}`)
    }
  })

  it('finds what manners.ts and session.ts say in the lists', () => {
    const said = ['manners', 'session'].flatMap(name => [
      ...readFileSync(join(ROOT, `src/source/${name}.ts`), 'utf8').matchAll(/\.write\('(\w+)'/g),
    ])
    const listed = new Set(['play', 'configuration'].flatMap(state => [...(wantedIn(state).toServer ?? [])]))
    assert.ok(said.length > 10)
    for (const [, name = ''] of said) assert.ok(listed.has(name) || name === 'login_plugin_response', name)
  })
})

describe('what is put in the place of modules', () => {
  it('has all that protodef asks of its validator, and of chat what the library takes', () => {
    const protodef = readFileSync(require.resolve('protodef/src/protodef.js'), 'utf8')
    const asked = new Set([...protodef.matchAll(/validator\.(\w+)\(/g)].map(([, name]) => name))
    const has = Object.getOwnPropertyNames(NoValidator.prototype).filter(name => name !== 'constructor')
    assert.deepEqual([...asked].sort(), ['addType', 'validateProtocol', 'validateType'])
    assert.deepEqual(has.sort(), [...asked].sort())
    assert.match(sourceOf('client/chat.js'), /const \{ processNbtMessage \} = require\('prismarine-chat'\)/)
    assert.deepEqual(Object.keys(NO_CHAT), ['processNbtMessage'])
  })

  it('gives of a version’s data the same as the whole of it', () => {
    const build = require('minecraft-data/lib/loader.js') as (raw: object) => { [part: string]: unknown }
    const all = require('minecraft-data/data.js') as {
      pc: { [version: string]: { [part: string]: unknown } }
    }
    for (const version of ['1.12.2', '1.21.4']) {
      const raw = all.pc[version] ?? {}
      const whole = build(raw)
      const lazy = lazyData(raw, () => build(raw)) as typeof whole
      for (const part of ['protocol', 'version', 'loginPacket', 'itemsByName', 'language', 'nothing'])
        assert.deepEqual(lazy[part], whole[part], part)
      assert.deepEqual(Object.keys(lazy).sort(), Object.keys(whole).sort())
      assert.ok('blocks' in lazy && !('nothing' in lazy))
    }
  })

  it('builds nothing while only the protocol is asked for, and keeps what is set', () => {
    let built = 0
    const build = () => {
      built += 1
      return { blocks: 'blocks', type: 'built' }
    }
    const lazy = lazyData({ protocol: 'p', version: 'v' }, build) as { [part: string]: unknown }
    lazy.type = 'pc'
    assert.deepEqual([lazy.protocol, lazy.version, lazy.loginPacket, lazy.type], ['p', 'v', undefined, 'pc'])
    assert.equal(built, 0)
    assert.deepEqual([lazy.blocks, lazy.items, lazy.type], ['blocks', undefined, 'pc'])
    assert.equal(built, 1)
  })
})

it('an offline bot that connects loads neither sign-in, servers, schemas nor blocks', () => {
  const script = `
    const { loadDialect } = await import(${JSON.stringify(pathToFileURL(join(ROOT, 'src/source/library.ts')).href)})
    const dialect = await loadDialect('1.21.4')
    const target = { host: '127.0.0.1', port: 1, username: 'Bot', auth: 'offline', tokenDir: '', onDeviceCode() {} }
    const hooks = { onFrames() {}, onFault(error) { throw error } }
    let connected = false
    const client = dialect.createClient(target, hooks, () => { connected = true })
    client.state = 'play'
    const { createRequire } = await import('node:module')
    const { cache } = createRequire(import.meta.url)
    console.log(JSON.stringify({ connected, files: Object.keys(cache).map(file => file.replaceAll('\\\\', '/')) }))
  `
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    cwd: ROOT,
  })
  assert.equal(stderr, '')
  const { connected, files } = JSON.parse(stdout) as { connected: boolean; files: string[] }
  assert.ok(connected)
  assert.ok(files.some(file => file.endsWith('/minecraft-protocol/src/client/play.js')))
  const heavy =
    /\/(prismarine-auth|prismarine-realms|yggdrasil|@azure|node-rsa|ajv|mojangson|createServer\.js|loginPacket\.json|(blocks|items|recipes|language|entities)\.json)(\/|$)/
  assert.deepEqual(
    files.filter(file => heavy.test(file)),
    [],
  )
  // Stand-ins have the names of what they stand for, and bring nothing along.
  for (const name of ['protodef-validator', 'prismarine-chat'])
    assert.equal(files.filter(file => file.includes(`/node_modules/${name}/`)).length, 1, name)
})
