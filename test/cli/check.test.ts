import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configOf, folder, serverOf, writeConfig } from '../doctor/fixture.ts'
import { callCli } from '../fake/process.ts'

const healthy = folder()

const check = (file: string, ...flags: string[]) => callCli(['check', '-c', file, ...flags])

describe('pb-bridge check', () => {
  it('ends with 0 where all is well, and where there are warnings only', async () => {
    const well = await check(writeConfig(configOf([serverOf(healthy)])))
    assert.equal(well.code, 0, well.stderr)
    assert.doesNotMatch(well.stdout, /^[!✗]/m)
    const warned = await check(writeConfig(configOf([serverOf(healthy)], [])))
    assert.equal(warned.code, 0)
    assert.match(warned.stdout, /^! no endpoint is enabled: nothing is sent → /m)
  })

  it('ends with 1 where anything is a fault', async () => {
    const { code, stdout } = await check(
      writeConfig(configOf([serverOf(healthy, { mcdr: { log: '/nowhere' } })])),
    )
    assert.equal(code, 1)
    assert.match(stdout, /^✗ server survival: \/nowhere: there is no such file yet → /m)
  })

  it('--json prints one list of findings, and nothing else', async () => {
    const { code, stdout, stderr } = await check(writeConfig(configOf([serverOf(healthy)], [])), '--json')
    assert.equal(code, 0, stderr)
    const found: { [key: string]: unknown }[] = JSON.parse(stdout)
    assert.equal(stdout.trim().split('\n').length, 1)
    for (const { area, level, text, ...rest } of found) {
      assert.equal(typeof area, 'string')
      assert.ok(['ok', 'warning', 'fault'].includes(String(level)))
      assert.equal(typeof text, 'string')
      assert.ok(Object.keys(rest).every(key => key === 'remedy'))
    }
    assert.partialDeepStrictEqual(
      found.filter(({ level }) => level === 'warning'),
      [{ area: 'config', text: 'no endpoint is enabled: nothing is sent' }],
    )
  })

  it('--json tells the faults of a config too, and ends with 2', async () => {
    const { code, stdout, stderr } = await check(
      writeConfig({ servers: [], log: { level: 'loud' } }),
      '--json',
    )
    assert.equal(code, 2)
    assert.equal(stderr, '')
    const found = JSON.parse(stdout)
    assert.deepEqual(
      found.map(({ area, level }: { area: string; level: string }) => [area, level]),
      [
        ['config', 'fault'],
        ['config', 'fault'],
      ],
    )
  })
})
