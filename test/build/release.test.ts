import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { buildRelease } from '../../build/build.ts'
import { manifest } from '../../src/manifest.ts'

const ROOT = join(import.meta.dirname, '../..')
const require = createRequire(import.meta.url)
const home = mkdtempSync(join(tmpdir(), 'pb-bridge-release-'))
after(() => rmSync(home, { recursive: true }))

/** Where it was built, and where it then went: a folder that needs quoting, and nothing else near it. */
const built = join(home, 'built/dist')
const maps = join(home, 'built/dist-maps')
const release = join(home, 'moved/主 服务器 100%/bridge')
const cli = join(release, 'cli.js')
let bytes = 0

before(async () => {
  bytes = await buildRelease(built, maps)
  cpSync(built, release, { recursive: true })
})

type Options = { env?: { [name: string]: string }; node?: string[]; program?: string[] }

/** With nothing in the environment but the way to a Node. */
function call(args: string[], { env = {}, node = [], program }: Options = {}) {
  const [file = '', ...first] = program ?? [process.execPath, ...node, cli]
  return new Promise<{ code: unknown; stdout: string; stderr: string }>(resolve => {
    const options = { cwd: home, env: { PATH: dirname(process.execPath), ...env }, timeout: 60_000 }
    execFile(file, [...first, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }),
    )
  })
}

describe('the release folder', () => {
  it('is at most 20 MB, and holds no packages and no source maps', t => {
    const files = globSync('**/*', { cwd: release }).filter(file => statSync(join(release, file)).isFile())
    const sum = files.reduce((total, file) => total + statSync(join(release, file)).size, 0)
    t.diagnostic(`${files.length} files, ${(sum / 1e6).toFixed(1)} MB`)
    assert.equal(sum, bytes)
    assert.ok(sum <= 20e6, `${sum} bytes`)
    const known =
      /^(cli\.js|package\.json|plugin\.json|config\.example\.json|config\.schema\.json|LICENSES?(\.txt)?|lib\/[\w-]+\.mjs|data\/[\w.]+\.json\.br)$/
    assert.deepEqual(
      files.map(file => file.replaceAll('\\', '/')).filter(file => !known.test(file)),
      [],
    )
  })

  it('tells the licence of every package that is in it', () => {
    const text = readFileSync(join(release, 'LICENSES.txt'), 'utf8')
    const sections = new Map(
      text.split(/^={80}\n(?=.* .* \(.*\)\n={80}\n)/m).map(part => [part.split(' ', 1)[0] ?? '', part]),
    )
    const packages = new Set<string>()
    for (const file of readdirSync(maps))
      for (const source of JSON.parse(readFileSync(join(maps, file), 'utf8')).sources)
        packages.add(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? 'ours')
    assert.ok(packages.delete('ours') && packages.has('zod') && packages.has('protodef'))
    // src/source/light.ts stands in their places, and ajv came with the first.
    for (const name of ['protodef-validator', 'prismarine-chat', 'ajv']) assert.ok(!packages.has(name), name)
    // A package's own source map names sources that it does not ship.
    for (const name of packages) if (name.endsWith('src')) packages.delete(name)
    // The shortest licence in use, ISC, has 700 characters.
    for (const name of packages)
      assert.ok((sections.get(name) ?? '').length > 600, `no licence of ${name} in LICENSES.txt`)
  })

  it('knows of every version of the game what minecraft-data knows, as far as the bridge reads it', async () => {
    const chunk = readdirSync(join(release, 'lib')).find(file => file.startsWith('minecraft-data-')) ?? ''
    const { default: ours } = await import(pathToFileURL(join(release, 'lib', chunk)).href)
    const { pc } = require('minecraft-data/data.js')
    const { supportedVersions } = require('minecraft-protocol')
    for (const name of supportedVersions) assert.ok(ours(name).protocol, name)
    const names = Object.keys(pc).filter(name => /^1\.\d+(\.\d+)?$|^2\d\.\d+/.test(name))
    assert.ok(names.length > supportedVersions.length, names.join())
    for (const name of names) {
      const { protocol, loginPacket, blocks = [], version } = pc[name]
      const data = ours(name)
      assert.deepEqual(data.protocol, protocol, name)
      assert.deepEqual(data.loginPacket, loginPacket, name)
      assert.equal(data.version.version, version.version, name)
      const ids = ({ id, defaultState }: { id: number; defaultState?: number }) => ({ id, defaultState })
      const found = data.blocksByName
      for (const block of blocks) assert.deepEqual(ids(found[block.name]), ids(block), name)
    }
  })

  it('takes each version of the game for what minecraft-data takes it for', async () => {
    const chunk = readdirSync(join(release, 'lib')).find(file => file.startsWith('minecraft-data-')) ?? ''
    const { default: ours } = await import(pathToFileURL(join(release, 'lib', chunk)).href)
    const theirs = require('minecraft-data')
    const features = require('minecraft-data/minecraft-data/data/pc/common/features.json')
    // By name, by number, one that shares another's data, and one that is unknown.
    for (const version of ['1.7', 47, '1.12.2', '1.16', '1.20.3', '1.21.2', '26.1', '1.99']) {
      const [data, expected] = [ours(version), theirs(version)]
      assert.deepEqual({ ...data?.version }.version, { ...expected?.version }.version, String(version))
      for (const { name } of features)
        assert.deepEqual(data?.supportFeature(name), expected?.supportFeature(name), `${version} ${name}`)
    }
  })
})

describe('the release, moved and alone', { concurrency: 2 }, () => {
  it('says its version', async () => {
    const stdout = `prime_backup_bridge ${manifest.version}\n`
    assert.deepEqual(await call(['--version']), { code: 0, stdout, stderr: '' })
  })

  it('checks the example config that is with it', async () => {
    const example = join(release, 'config.example.json')
    const names = [...readFileSync(example, 'utf8').matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name)
    const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
    const env = Object.fromEntries(names.map(name => [name, name?.includes('SECRET') ? secret : 'SCT1key']))
    const { code, stdout, stderr } = await call(['check', '--config', example], { env })
    // Its MCDReforged is nowhere here.
    assert.equal(code, 1, stderr)
    assert.ok(stdout.startsWith(`✓ ${example} is valid\n`), stdout)
    assert.match(stdout, /✗ server survival: .*MCDR\.log/)
  })

  it('has a log for people on a terminal', async () => {
    const terminal = join(home, 'terminal.cjs')
    const config = join(home, 'terminal.json')
    writeFileSync(
      terminal,
      "process.stderr.isTTY = true; setInterval(() => process.emit('SIGTERM'), 50).unref()",
    )
    writeFileSync(
      config,
      JSON.stringify({ servers: [{ minecraft: { port: 1 } }], state: { dir: join(home, 'state') } }),
    )
    const { code, stderr } = await call(['run', '--config', config], { node: ['--require', terminal] })
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^\[[\d:.]+\] .*INFO.*: .*Prime Backup Bridge .* watches minecraft/m)
  })

  it('says on an older Node which one it needs, in one line', async () => {
    const old = join(home, 'old.cjs')
    for (const version of ['0.12.18', '8.17.0', '20.20.2', '23.11.1']) {
      writeFileSync(old, `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`)
      const { code, stdout, stderr } = await call(['run'], { node: ['--require', old] })
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, /^pb-bridge: Node\.js 24 or newer is needed, and this is [\d.]+ .*\n$/)
      assert.ok(stderr.includes(version))
    }
    // And an old Node can read that far: nothing in the entry is newer than ECMAScript 5.
    const text = readFileSync(cli, 'utf8')
    const options = { charset: 'utf8', format: 'cjs' } as const
    const [es5, esnext] = await Promise.all([
      transform(text, { ...options, target: 'es5' }),
      transform(text, { ...options, target: 'esnext' }),
    ])
    assert.equal(es5.code, esnext.code)
  })

  it('is all that `npm pack` takes, and installs without any other package', async () => {
    const project = join(home, 'project')
    for (const path of ['dist-maps', 'src', 'node_modules/zod'])
      mkdirSync(join(project, path), { recursive: true })
    for (const path of ['dist-maps/x.map', 'src/cli.ts', 'node_modules/zod/index.js', 'config.json'])
      writeFileSync(join(project, path), '')
    for (const file of ['package.json', 'README.md', 'README.zh.md', 'LICENSE', '.gitignore'])
      cpSync(join(ROOT, file), join(project, file))
    cpSync(built, join(project, 'dist'), { recursive: true })

    const npm = process.platform === 'win32' ? ['cmd', '/c', 'npm'] : ['npm']
    const env = { PATH: process.env.PATH ?? '', HOME: home }
    const packed = await call(['pack', '--json', '--ignore-scripts', '--prefix', project, project], {
      env,
      program: npm,
    })
    assert.equal(packed.code, 0, packed.stderr)
    const [{ filename, files }] = JSON.parse(packed.stdout) as [
      { filename: string; files: { path: string }[] },
    ]
    const top = new Set(files.map(({ path }) => path.split('/', 1)[0]))
    assert.deepEqual([...top].toSorted(), ['LICENSE', 'README.md', 'README.zh.md', 'dist', 'package.json'])

    const prefix = join(home, 'prefix')
    const args = ['install', '--global', '--offline', '--prefix', prefix, join(home, filename)]
    const installed = await call(args, { env, program: npm })
    assert.equal(installed.code, 0, installed.stderr)
    const folder = process.platform === 'win32' ? 'node_modules' : 'lib/node_modules'
    assert.deepEqual(readdirSync(join(prefix, folder)), ['prime-backup-bridge'])
    const own = join(prefix, folder, 'prime-backup-bridge')
    assert.ok(!readdirSync(own).includes('node_modules'))
    const { bin } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'))
    const entry = join(own, bin['pb-bridge'])
    assert.equal((await call(['--version'], { program: [process.execPath, entry] })).code, 0)
    if (process.platform !== 'win32')
      assert.equal((await call(['--version'], { program: [join(prefix, 'bin/pb-bridge')] })).code, 0)
  })
})
