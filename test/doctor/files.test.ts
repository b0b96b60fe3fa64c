import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { checkDisk } from '../../src/doctor/disk.ts'
import { readPatient } from '../../src/doctor/patient.ts'
import { silentLog } from '../../src/log.ts'
import { openStore } from '../../src/outbox/open.ts'
import { offsetAt } from '../../src/setup/logfile.ts'
import { complaints, configOf, diagnose, ENDPOINT, folder, serverOf, writeConfig } from './fixture.ts'

const HOUR_MS = 3_600_000
const healthy = folder()
const config = configOf([serverOf(healthy)])

describe("the config's own file", () => {
  const others = (mode: number, over: object = config, env = {}) =>
    complaints(writeConfig(over, mode), { env })

  it('that everybody may read is told where it has a key in it', async () => {
    const file = writeConfig(config)
    chmodSync(file, 0o644)
    assert.deepEqual(await complaints(file), [
      `! everybody on this machine may read the keys in ${file} (mode 644) → chmod 600 ${file}`,
    ])
    chmodSync(file, 0o640)
    assert.deepEqual(await complaints(file), [])
  })

  it('may be read by everybody where the keys come from the environment', async () => {
    const endpoint = { ...ENDPOINT, bark: { device_key: `\${PB_BARK_KEY}` } }
    const env = { PB_BARK_KEY: 'a1B2c3D4e5F6g7H8i9J0k1' }
    assert.deepEqual(await others(0o644, configOf([serverOf(healthy)], [endpoint]), env), [])
  })

  it('is told where a command that the bot types, with its password, is in it', async () => {
    const minecraft = { joinCommands: ['/login hunter2'] }
    const lines = await others(
      0o644,
      configOf([serverOf(healthy, { minecraft })], [{ url: 'https://example.com/' }]),
    )
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /may read the keys/)
    assert.doesNotMatch(lines.join(), /hunter2/)
  })

  it('that everybody may write is a fault', async () => {
    const file = writeConfig(config)
    chmodSync(file, 0o666)
    assert.deepEqual(await complaints(file), [
      `✗ everybody on this machine may write ${file} (mode 666) → chmod 600 ${file}`,
    ])
  })
})

describe('the log', () => {
  it('of two servers is told of the second', async () => {
    const twice = configOf([
      serverOf(healthy),
      serverOf(healthy, { name: 'creative', minecraft: undefined, commands: {} }),
    ])
    const lines = await complaints(twice)
    assert.match(lines.join('\n'), /✗ server creative: .*MCDR\.log is the log of server survival too/)
  })

  it('that is older than the newest backup is told', async () => {
    const stale = folder()
    const before = (Date.now() - 2 * HOUR_MS) / 1000
    utimesSync(stale.log, before, before)
    const lines = await complaints(configOf([serverOf(stale)]))
    assert.equal(
      lines.filter(line => line.includes('was last written before backup #4')).length,
      1,
      lines.join('\n'),
    )
  })

  it('that is a pipe, or not there, is told and waited for by nobody', async () => {
    const bare = folder()
    rmSync(bare.log)
    assert.deepEqual(await complaints(configOf([serverOf(bare)])), [
      `✗ server survival: ${bare.log}: there is no such file yet → if MCDReforged has run, correct mcdr.log`,
    ])
    symlinkSync('/dev/null', bare.log)
    assert.deepEqual(await complaints(configOf([serverOf(bare)])), [
      `✗ server survival: ${bare.log}: this is no ordinary file → name the MCDR.log`,
    ])
  })

  it('says when it was last written', async () => {
    const found = await diagnose(writeConfig(config))
    const { text } = found.find(({ area }) => area === 'log') ?? {}
    assert.match(text ?? '', /^server survival: .*MCDR\.log can be read, last written .* ago$/)
  })
})

describe("the log's times", () => {
  const hoursAhead = (hours: number) => folder({ aheadMs: hours * HOUR_MS })

  it('of another zone are told, with the zone to write', async () => {
    const there = hoursAhead(3)
    const offset = offsetAt(Date.now()) / HOUR_MS + 3
    const zone = offset === 8 ? 'Asia/Shanghai' : `+${String(offset).padStart(2, '0')}:00`
    assert.deepEqual(await complaints(configOf([serverOf(there)])), [
      `! server survival: the times in ${there.log} are 3 h ahead of the clock of this machine → write "timeZone": "${zone}", or the zone's own name, into the server's block`,
    ])
    assert.deepEqual(await complaints(configOf([serverOf(there, { timeZone: zone })])), [])
  })

  it('of a wrong zone of the config are told too', async () => {
    const lines = await complaints(configOf([serverOf(folder(), { timeZone: 'Pacific/Kiritimati' })]))
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /behind the clock of Pacific\/Kiritimati → write "timeZone": /)
  })

  it('that are in the future and fit no zone are told', async () => {
    const there = folder({ aheadMs: 100 * HOUR_MS + 7 * 60_000 })
    const lines = await complaints(configOf([serverOf(there)]))
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /the last line of .* is 4 d 4 h in the future → set the clocks/)
  })

  it('of an old copy are nobody’s business', async () => {
    const there = folder({ aheadMs: -100 * HOUR_MS })
    assert.deepEqual(await complaints(configOf([serverOf(there)])), [])
  })
})

describe('the state folder', () => {
  it('says what is free, and whether the store can be read', async () => {
    const file = writeConfig(config)
    const found = await diagnose(file)
    const dir = join(dirname(file), 'data')
    const texts = found.filter(({ area }) => area === 'disk' || area === 'store').map(({ text }) => text)
    assert.match(texts[0] ?? '', /^state\.dir .*data: \d+ MiB free$/)
    assert.deepEqual(texts.slice(1), [
      'no bridge runs with this config now',
      `there is no store in ${dir} yet: the first start makes it`,
    ])
  })

  it('names the bridge that owns it, without a harm to it', async () => {
    const file = writeConfig(config)
    const dir = join(dirname(file), 'data')
    const opened = openStore(dir, { clock: systemClock, log: silentLog, onNews() {} })
    const texts = async () =>
      (await diagnose(file)).filter(({ area }) => area === 'store').map(({ text }) => text)
    const [owner, store] = await texts()
    assert.match(
      owner ?? '',
      new RegExp(`^a bridge runs with this config now \\(process ${process.pid}, since .*\\)$`),
    )
    assert.equal(store, `the store in ${dir} can be read: 0 events`)
    // It still owns it.
    assert.match((await texts())[0] ?? '', /^a bridge runs/)
    opened.close()
    assert.equal((await texts())[0], 'no bridge runs with this config now')
  })

  it('with a corrupt store is a fault, with the remedy', async () => {
    const file = writeConfig(config)
    const dir = join(dirname(file), 'data')
    mkdirSync(dir)
    writeFileSync(join(dir, 'bridge.db'), 'no database at all'.repeat(100))
    assert.deepEqual(await complaints(file), [
      `✗ the store in ${dir} is corrupt → start the bridge, which moves it aside`,
    ])
  })

  it('with less room than the store may take is told', () => {
    const patient = readPatient(writeConfig({ ...config, state: { maxSize: '999999GB' } }), {}, systemClock)
    const [said] = checkDisk(patient)
    assert.equal(said?.level, 'warning')
    assert.match(said?.text ?? '', /MiB free, less than state\.maxSize \(\d+ MiB\)$/)
  })
})

describe('who may use the commands', () => {
  it('is told where the file that says so is not there, or gives nobody the level', async () => {
    const missing = serverOf(healthy, { commands: { mcdrPermissions: join(healthy.dir, 'permissions.yml') } })
    assert.deepEqual(await complaints(configOf([missing])), [
      `! server survival: ${healthy.dir}/permissions.yml is not there → correct the path in the config`,
    ])
    const ownerless = folder({ owners: [] })
    assert.deepEqual(await complaints(configOf([serverOf(ownerless)])), [
      `! server survival: nobody has level 4 in ${ownerless.permissions}, so nobody may use !!pb test notify → type !!MCDR permission set YOUR_NAME owner in MCDReforged's console`,
    ])
  })
})
