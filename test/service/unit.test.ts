import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { NODE_FLAGS, renderUnit, STATE_DIRECTORY } from '../../src/service/unit.ts'
import { CLI } from '../fake/cli.ts'

const dir = mkdtempSync(join(tmpdir(), 'pb-unit-'))
after(() => rmSync(dir, { recursive: true }))

const OPTIONS = {
  node: process.execPath,
  cli: CLI,
  config: '/opt/bridge/config.json',
  stateDir: '/opt/bridge/data',
  user: 'daemon',
}
const hasTools = spawnSync('systemd-analyze', ['--version']).status === 0
const needsTools = {
  skip: hasTools
    ? false
    : 'systemd-analyze is not installed: the unit is not verified (apt-get install systemd)',
}

/** What systemd's own checker says of a unit. */
function analyze(verb: string, ...args: string[]) {
  const file = join(dir, 'prime-backup-bridge.service')
  const { stdout, stderr, status } = spawnSync('systemd-analyze', [verb, ...args, file], { encoding: 'utf8' })
  return { said: `${stdout}${stderr}`, status }
}

test("the unit has no fault in systemd's own eyes, whatever its paths have in them", needsTools, () => {
  for (const place of [
    '/opt/bridge',
    '/srv/my server',
    '/srv/100%',
    '/srv/$HOME',
    '/srv/"q"\\b',
    '/srv/备份',
  ]) {
    const unit = renderUnit({ ...OPTIONS, config: `${place}/config.json`, stateDir: `${place}/data` })
    writeFileSync(join(dir, 'prime-backup-bridge.service'), unit)
    const { said, status } = analyze('verify', '--man=no')
    assert.equal(status, 0, `${place}: ${said}`)
    assert.doesNotMatch(said, /prime-backup-bridge/, place)
  }
})

test('the service is exposed to little', needsTools, () => {
  writeFileSync(join(dir, 'prime-backup-bridge.service'), renderUnit(OPTIONS))
  const { said } = analyze('security', '--offline=true', '--no-pager')
  const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(said)?.[1])
  assert.ok(exposure <= 2, said)
})

test('the unit, the image and npm start run Node with the same flags', () => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8')
  const { scripts } = JSON.parse(read('package.json')) as { scripts: { start: string } }
  const entry = /^ENTRYPOINT (.*)$/m.exec(read('Dockerfile'))?.[1] ?? '[]'
  assert.match(renderUnit(OPTIONS), new RegExp(`^ExecStart=\\S+node ${NODE_FLAGS.join(' ')} `, 'm'))
  assert.deepEqual(scripts.start.split(' '), ['node', ...NODE_FLAGS, 'src/cli.ts', 'run'])
  assert.deepEqual(JSON.parse(entry), ['node', ...NODE_FLAGS, '/app/cli.js'])
})

test('it may write where its state is, and nowhere else', () => {
  assert.match(renderUnit(OPTIONS), /^ReadWritePaths=\/opt\/bridge\/data$/m)
  const inPlace = renderUnit({ ...OPTIONS, stateDir: `${STATE_DIRECTORY}/data` })
  assert.doesNotMatch(inPlace, /ReadWritePaths/)
  for (const unit of [renderUnit(OPTIONS), inPlace]) {
    assert.match(unit, /^ProtectSystem=strict$/m)
    assert.match(unit, /^StateDirectory=prime-backup-bridge$/m)
  }
})
