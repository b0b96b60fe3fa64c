/** The mistakes that people make in their first config, and the one line that each is answered with. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { closedPort } from '../fake/game.ts'
import { complaints, configOf, ENDPOINT, folder, serverOf } from './fixture.ts'

const healthy = folder()
const other = folder({ properties: { 'server-port': 25_566 } })

const bark = (device_key: string) => ({ ...ENDPOINT, bark: { device_key } })
const text = (config: object) => JSON.stringify(config, null, 2)

/** `said`: `{dir}` is MCDReforged's folder of the server, `{other}` that of another. */
const MISTAKES: { mistake: string; config: object | string; said: string }[] = [
  {
    mistake: 'a wrong port',
    config: configOf([serverOf(healthy, { minecraft: { port: 25_575 } })]),
    said: "! server survival: minecraft.port is 25575, and the server in {dir}/server listens on 25565 → write 25565 into minecraft.port, unless a proxy is on 25575 or mcdr.log is another server's",
  },
  {
    mistake: 'a key with a line break inside',
    config: configOf([serverOf(healthy)], [bark('a1B2c3D4e5\nF6g7H8i9J0k1')]),
    said: '✗ endpoint phone: its key has a line break or a space inside → copy it again, on one line',
  },
  {
    mistake: 'the path of a folder where that of the log belongs',
    config: configOf([serverOf(healthy, { mcdr: { log: dirname(healthy.log) } })]),
    said: '✗ server survival: {dir}/logs: this is a folder → name the MCDR.log in it',
  },
  {
    mistake: 'a comma after the last entry',
    config: text(configOf([serverOf(healthy)])).replace(/\}(?=\s*$)/, ',}'),
    said: 'line 33, column 2: a key in double quotes is expected; after the last entry there must be no comma',
  },
  {
    mistake: 'two bots of one name',
    config: configOf([serverOf(healthy), serverOf(other, { name: 'creative', minecraft: { port: 25_566 } })]),
    said: "! server creative: its bot has the name of server survival's, PrimeBackupBot, on the same host: behind one proxy, each throws the other out → give each bot a name of its own (minecraft.username)",
  },
  {
    mistake: 'a server that checks accounts',
    config: configOf([serverOf(folder({ properties: { 'online-mode': true } }))]),
    said: '✗ server survival: the server checks accounts (online-mode=true), which the bot PrimeBackupBot has none of → set minecraft.auth to "microsoft" and minecraft.username to the e-mail address of its account, or leave minecraft out: the log is enough',
  },
  {
    mistake: 'a time zone that there is not',
    config: configOf([serverOf(healthy, { timeZone: 'Asia/Beijing' })]),
    said: 'servers[0].timeZone: "Asia/Beijing" is no time zone; write an IANA name, for example "Asia/Shanghai"',
  },
  {
    mistake: 'a wrong path of the database',
    config: configOf([serverOf(healthy, { primeBackup: { database: `${healthy.dir}/prime_backup.db` } })]),
    said: "✗ server survival: Prime Backup's database {dir}/prime_backup.db is not there → write {dir}/pb_files/prime_backup.db into primeBackup.database",
  },
  {
    mistake: 'the log of another server',
    config: configOf([serverOf(healthy, { mcdr: { log: other.log } })]),
    said: '✗ server survival: the log is of the MCDReforged in {other}, and the database of that in {dir} → write {dir}/logs/MCDR.log into mcdr.log, if the database is the right one',
  },
  {
    mistake: 'a URL without https://',
    config: configOf([serverOf(healthy)], [{ name: 'hook', url: 'example.com/hook' }]),
    said: "notification.endpoints[0].url: notification endpoint 'hook' has a URL that is none; write one that begins with https:// or http://",
  },
]

function placed(said: string, dir: string, another: string): string {
  return said.replaceAll('{dir}', dir).replaceAll('{other}', another)
}

const SETUP = readFileSync(join(import.meta.dirname, '../../docs/SETUP.md'), 'utf8')

describe('of the mistakes of a first config', () => {
  it('none is seen where there is none', async () => {
    assert.deepEqual(await complaints(configOf([serverOf(healthy)])), [])
  })

  for (const { mistake, config, said } of MISTAKES) {
    it(`${mistake} is told in one line`, async () => {
      assert.deepEqual(await complaints(config), [placed(said, healthy.dir, other.dir)])
    })
  }

  it('all are in docs/SETUP.md, with what they are answered with', () => {
    for (const { mistake, said } of MISTAKES)
      assert.ok(
        SETUP.includes(`- **${mistake}**:\n  \`${placed(said, '/opt/mcdr', '/opt/creative')}\`\n`),
        mistake,
      )
  })

  it('a port at which nobody listens is told when it is asked', async () => {
    const port = await closedPort()
    const here = folder({ properties: { 'server-port': port } })
    const config = configOf(
      [serverOf(here, { minecraft: { port } })],
      [{ url: `http://127.0.0.1:${port}/hook` }],
    )
    assert.deepEqual(await complaints(config, { online: true }), [
      `✗ server survival at 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port} → check host, port and that it runs`,
      `✗ endpoint default: 127.0.0.1 is 127.0.0.1, but connection refused by 127.0.0.1:${port} (ECONNREFUSED) → check that the receiver runs, and the port in the URL`,
    ])
  })
})
