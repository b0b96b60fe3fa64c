/** Every command of the README is run here, or it is said who runs it. */

import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Game, startGame } from '../fake/game.ts'
import { type Running, startProcess } from '../fake/process.ts'
import { answer, type Receiver, startReceiver } from '../fake/receiver.ts'
import { until } from '../fake/until.ts'

const ROOT = join(import.meta.dirname, '../..')
const CORPUS = join(ROOT, 'test/fixture/corpus')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

function commandsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)]
    .flatMap(([, block = '']) => block.split(/\n|&&/))
    .map(command => command.trim())
    .filter(command => command !== '')
}

/** Who runs a command: one of the tests below, or why not. */
const RUN_BY: { [command: string]: 'here' | { elsewhere: string; as: string } } = {
  // Whoever runs this test has done it; it needs the registry.
  'npm ci': { elsewhere: 'package-lock.json', as: '"lockfileVersion"' },
  'npm run demo': { elsewhere: 'test/build/alone.test.ts', as: "'demo', '--once'" },
  // That is how this test is run.
  'npm test': {
    elsewhere: 'package.json',
    as: '"test": "npm run typecheck && npm run lint && npm run test:unit"',
  },
  'npm run pb-bridge -- init': { elsewhere: 'test/setup/init.test.ts', as: 'inTerminal()' },
  'cp config.example.json config.json': 'here',
  'npm run pb-bridge -- check --online': 'here',
  'npm run pb-bridge -- test-notify': 'here',
  'npm start': 'here',
}

const COMMANDS = commandsOf(README)
/** A copy of the repository, with a config of its own. */
const copy = mkdtempSync(join(tmpdir(), 'pb-bridge-readme-'))

/** A command of the README, letter for letter, in a process group of its own. */
function start(command: string): Running {
  assert.ok(COMMANDS.includes(command), `the README has no command "${command}"`)
  return startProcess('sh', ['-c', command], {
    cwd: copy,
    env: { PATH: process.env.PATH, HOME: copy, npm_config_update_notifier: 'false' },
    detached: true,
    timeout: 0,
  })
}

describe('the commands of the README', () => {
  let game: Game
  let receiver: Receiver

  before(async () => {
    for (const name of [
      'package.json',
      'plugin.json',
      'config.example.json',
      'config.schema.json',
      'src',
      'node_modules',
    ])
      symlinkSync(join(ROOT, name), join(copy, name))
    mkdirSync(join(copy, 'mcdr/logs'), { recursive: true })
    mkdirSync(join(copy, 'mcdr/pb_files'))
    cpSync(join(CORPUS, 'en_us/make_ok/mcdr.log'), join(copy, 'mcdr/logs/MCDR.log'))
    cpSync(join(CORPUS, 'db/prime_backup_en_us.db'), join(copy, 'mcdr/pb_files/prime_backup.db'))
    game = await startGame('1.20.4')
    receiver = await startReceiver(answer(200, { code: 200, message: 'success' }))
  })
  after(async () => {
    await game.stop()
    await receiver.stop()
    rmSync(copy, { recursive: true })
  })

  it('are each run by somebody', () => {
    assert.deepEqual([...new Set(COMMANDS)].toSorted(), Object.keys(RUN_BY).toSorted())
    for (const [command, by] of Object.entries(RUN_BY)) {
      if (by === 'here') continue
      assert.ok(readFileSync(join(ROOT, by.elsewhere), 'utf8').includes(by.as), `${command}: ${by.elsewhere}`)
    }
  })

  it('are the same in both languages', () => {
    assert.deepEqual(commandsOf(readFileSync(join(ROOT, 'README.zh.md'), 'utf8')), COMMANDS)
  })

  it('need no package that package-lock.json does not have', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
    const { devDependencies, dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    assert.deepEqual(packages[''].devDependencies, devDependencies)
    assert.deepEqual(packages[''].dependencies, dependencies)
  })

  it('make a config', async () => {
    const { ended } = start('cp config.example.json config.json')
    assert.equal(await ended, 0)
    assert.ok(existsSync(join(copy, 'config.json')))
  })

  describe('with its config, pointed at stand-ins', () => {
    before(() => {
      const json = /^ *```json\n([\s\S]*?)^ *```/m.exec(README)?.[1] ?? ''
      const pointed = json
        .replace('25565', String(game.port))
        .replaceAll('/opt/mcdr', join(copy, 'mcdr'))
        .replace('"type": "bark",', `"type": "bark", "url": "${receiver.url}",`)
      writeFileSync(join(copy, 'config.json'), pointed)
    })

    it('check it', async () => {
      const { ended, stdout, stderr } = start('npm run pb-bridge -- check --online')
      // What it finds odd about the stand-ins is no matter here; 2 would be a faulty config.
      assert.ok([0, 1].includes((await ended) ?? -1), stdout() + stderr())
      assert.match(stdout(), /config\.json is valid/)
      assert.match(stdout(), /survival answers: 1\.20\.4/)
    })

    it('send a test', async () => {
      const { ended, stdout, stderr } = start('npm run pb-bridge -- test-notify')
      assert.equal(await ended, 0, stdout() + stderr())
      assert.match(stdout(), /✓ phone - Success/)
      assert.equal(receiver.requests.length, 1)
    })

    it('start the bridge, which joins, and ends when it is told to', async () => {
      const { child, ended, stderr } = start('npm start')
      try {
        await until('the bot is in play', () => stderr().includes('PrimeBackupBot is in play'), 30_000)
      } finally {
        process.kill(-(child.pid ?? 0), 'SIGINT')
        await ended
      }
      assert.match(stderr(), /stopping: SIGINT/)
    })
  })
})
