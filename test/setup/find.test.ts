import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { findMcdr } from '../../src/setup/find.ts'
import { folderOf, readMcdrFolder } from '../../src/setup/folder.ts'
import { worthWatching } from '../../src/setup/plan.ts'
import { makeFolder } from '../fake/folder.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'pb-find-')))
after(() => rmSync(root, { recursive: true }))

/** A machine with MCDReforged in these folders, seen from the user `me`. */
function machine(...paths: string[]) {
  const base = mkdtempSync(join(root, 'machine-'))
  for (const path of [...paths, 'home/me/bridge']) mkdirSync(join(base, path), { recursive: true })
  for (const path of paths) makeFolder(join(base, path))
  const find = (cwd = 'home/me/bridge') =>
    findMcdr({
      cwd: join(base, cwd),
      home: join(base, 'home/me'),
      roots: [join(base, 'opt'), join(base, 'srv'), join(base, 'home')],
      places: [join(base, 'mcdr')],
    }).map(dir => dir.slice(base.length + 1))
  return { base, find }
}

describe("MCDReforged's folder", () => {
  it('is found where it usually is', () => {
    for (const path of [
      'home/me/bridge',
      'home/me/bridge/mcdr',
      'home/me/mcdr',
      'home/me/games/survival',
      'opt/mcdr',
      'opt/mcdr-survival',
      'opt/minecraft/survival',
      'srv/anything',
      'home/somebody/mcdr_server',
      'mcdr',
    ])
      assert.deepEqual(machine(path).find(), [path])
  })

  it('is not looked for deep, nor in what has no likely name there', () => {
    for (const path of ['opt/a/b/mcdr', 'srv/www/html', 'home/somebody/documents', 'home/me/.cache/mcdr'])
      assert.deepEqual(machine(path).find(), [])
  })

  it('is told the nearest first, and once, also behind a link', () => {
    const { base, find } = machine('opt/mcdr', 'home/me/mcdr')
    symlinkSync(join(base, 'opt/mcdr'), join(base, 'home/me/bridge/mcdr'))
    assert.deepEqual(find(), ['opt/mcdr', 'home/me/mcdr'])
    assert.deepEqual(find('home/me/mcdr'), ['home/me/mcdr', 'opt/mcdr'])
  })

  it('is no folder of another program that has a config.yml, a broken one or a folder of that name', () => {
    const { base, find } = machine()
    for (const [name, text] of [
      ['one', 'port: 80\n'],
      ['two', ': ['],
      ['three', '- 1\n'],
    ] as const) {
      mkdirSync(join(base, 'opt', name), { recursive: true })
      writeFileSync(join(base, 'opt', name, 'config.yml'), text)
    }
    mkdirSync(join(base, 'opt/four/config.yml'), { recursive: true })
    assert.deepEqual(find(), [])
  })

  it('is known by the paths of its log and of its database', () => {
    const { dir, log, database } = makeFolder(join(root, 'known'))
    assert.equal(folderOf(log)?.dir, dir)
    assert.equal(folderOf(database)?.dir, dir)
    assert.equal(folderOf('/nowhere/logs/MCDR.log'), undefined)
  })
})

describe('what is read of it', () => {
  it('is enough to watch it', () => {
    const { dir, log, database, permissions, primeBackup } = makeFolder(join(root, 'read'), {
      language: 'zh_cn',
      properties: { 'server-port': 25_570, 'white-list': true, 'server-ip': '10.0.0.1' },
      primeBackup: { storage_root: 'pb_files', command: { prefix: '!!b' } },
      files: { 'server/whitelist.json': '[{"name":"Steve"}]' },
    })
    const folder = readMcdrFolder(dir)
    assert.partialDeepStrictEqual(folder, {
      dir,
      log,
      config: { language: 'zh_cn', handler: 'vanilla_handler', workingDirectory: 'server' },
      permissions: { file: permissions },
      server: {
        dir: join(dir, 'server'),
        properties: { port: 25_570, ip: '10.0.0.1', onlineMode: false, whitelist: true, answersStatus: true },
        forwarded: false,
        whitelist: ['Steve'],
        banned: [],
      },
      primeBackup: { file: primeBackup, database, config: { prefix: '!!b', enabled: true } },
      versions: { mcdr: '2.15.7', primeBackup: '1.13.0' },
      troubles: [],
    })
  })

  it('leaves out what is not there, and says what can’t be understood', () => {
    const { dir } = makeFolder(join(root, 'bare'), { properties: null, primeBackup: null })
    rmSync(join(dir, 'logs'), { recursive: true })
    rmSync(join(dir, 'permission.yml'))
    const bare = readMcdrFolder(dir)
    assert.deepEqual(
      [bare?.server.properties, bare?.primeBackup, bare?.permissions, bare?.logLook],
      [undefined, undefined, undefined, undefined],
    )
    assert.deepEqual([bare?.troubles, bare?.versions], [[], {}])

    const odd = makeFolder(join(root, 'odd'), {
      files: { 'config/prime_backup/config.json': '{,}', 'server/banned-players.json': '{' },
    })
    rmSync(odd.log)
    mkdirSync(odd.log)
    assert.deepEqual(readMcdrFolder(odd.dir)?.troubles, [
      `${odd.log}: this is a folder; name the MCDR.log in it`,
      `${odd.primeBackup} is no JSON; correct it, or let Prime Backup make it anew`,
    ])
  })

  it('knows that a server takes players from its proxy alone', () => {
    for (const [path, text] of [
      ['server/spigot.yml', 'settings:\n  bungeecord: true\n'],
      ['server/config/paper-global.yml', 'proxies:\n  velocity:\n    enabled: true\n    secret: s\n'],
      ['server/config/FabricProxy-Lite.toml', ''],
    ] as const)
      assert.equal(
        readMcdrFolder(makeFolder(mkdtempSync(join(root, 'proxied-')), { files: { [path]: text } }).dir)
          ?.server.forwarded,
        true,
      )
  })

  it('prefers servers that are backed up to others, and those to proxies', () => {
    const read = (name: string, options: Parameters<typeof makeFolder>[1]) =>
      readMcdrFolder(makeFolder(join(root, name), options).dir)
    const proxy = read('velocity', { handler: 'velocity_handler', primeBackup: null })
    const lobby = read('lobby', { primeBackup: null })
    const survival = read('survival', {})
    assert.ok(proxy && lobby && survival)
    assert.deepEqual(worthWatching([proxy, lobby, survival]), [survival])
    assert.deepEqual(worthWatching([proxy, lobby]), [lobby])
    assert.deepEqual(worthWatching([proxy]), [proxy])
    assert.deepEqual(worthWatching([]), [])
  })
})
