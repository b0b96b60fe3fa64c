import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { complaints, configOf, diagnose, folder, serverOf, writeConfig } from './fixture.ts'

describe('the bot', () => {
  const of = (options: Parameters<typeof folder>[0], over = {}) => {
    const here = folder(options)
    return { here, lines: complaints(configOf([serverOf(here, over)])) }
  }

  it('that is not on the whitelist is told how to get there', async () => {
    const properties = { 'white-list': true }
    assert.deepEqual(await of({ properties }).lines, [
      '✗ server survival: the bot PrimeBackupBot is not on the whitelist → type /whitelist add PrimeBackupBot',
    ])
    const files = { 'server/whitelist.json': '[{"uuid":"0-0","name":"primebackupbot"}]' }
    assert.deepEqual(await of({ properties, files }).lines, [])
  })

  it('that is banned is told', async () => {
    const files = { 'server/banned-players.json': '[{"uuid":"0-0","name":"PrimeBackupBot","reason":"who?"}]' }
    assert.deepEqual(await of({ files }).lines, [
      '✗ server survival: the bot PrimeBackupBot is banned → type /pardon PrimeBackupBot',
    ])
  })

  it('can’t ask a server for its version that does not tell it', async () => {
    const properties = { 'enable-status': false }
    assert.match(
      (await of({ properties }).lines).join(),
      /^✗ .*\(enable-status=false\) → write it into minecraft\.version/,
    )
    assert.deepEqual(await of({ properties }, { minecraft: { version: '1.21.4' } }).lines, [])
  })

  it('is told to take the proxy where the server is behind one', async () => {
    const files = { 'server/spigot.yml': 'settings:\n  bungeecord: true\n' }
    assert.match(
      (await of({ files }).lines).join(),
      /^✗ .* takes players from its proxy alone → write the proxy's address/,
    )
    assert.deepEqual(await of({ files }, { minecraft: { port: 25_577 } }).lines, [])
  })

  it('with a Microsoft account needs no word on online-mode', async () => {
    const minecraft = { username: 'bot@example.com', auth: 'microsoft' }
    assert.deepEqual(await of({ properties: { 'online-mode': true } }, { minecraft }).lines, [])
  })

  it('of two servers at one address, under one name, is a fault, however the address is written', async () => {
    const one = folder()
    const servers = [
      serverOf(one),
      {
        name: 'again',
        minecraft: { host: 'localhost', username: 'primebackupbot' },
        commands: { operators: ['Steve'] },
      },
    ]
    assert.deepEqual(await complaints(configOf(servers)), [
      "✗ server again: its bot has the name of server survival's, primebackupbot, at the same address: each throws the other out → correct minecraft.port, or give each bot a name of its own (minecraft.username)",
    ])
  })

  it('on another host may have the same name', async () => {
    const servers = [
      { name: 'one', minecraft: { host: 'one.example.com' }, commands: { operators: ['Steve'] } },
      { name: 'two', minecraft: { host: 'two.example.com' }, commands: { operators: ['Steve'] } },
    ]
    assert.deepEqual(await complaints(configOf(servers)), [])
  })
})

describe("Prime Backup's own config", () => {
  const scheduled = (blacklist: string[]) => ({
    scheduled_backup: {
      enabled: true,
      require_online_players: true,
      require_online_players_blacklist: blacklist,
    },
  })

  it('that would count the bot as a player is told, with the line to write', async () => {
    const here = folder({ primeBackup: scheduled(['bot_.*']) })
    assert.deepEqual(await complaints(configOf([serverOf(here)])), [
      `! server survival: Prime Backup's schedule rests while nobody is online, and counts the bot PrimeBackupBot as somebody → write "require_online_players_blacklist": ["bot_.*", "PrimeBackupBot"] into "scheduled_backup" of ${here.primeBackup}, and restart MCDReforged`,
    ])
    for (const blacklist of [['PrimeBackupBot'], ['primebackup.*'], ['(?P<odd', 'PrimeBackupBot']])
      assert.deepEqual(
        await complaints(configOf([serverOf(folder({ primeBackup: scheduled(blacklist) }))])),
        [],
      )
  })

  it('that is off, has another prefix, or notifies too, is told', async () => {
    const notification = { enabled: true, endpoints: [{ url: 'https://example.com/' }] }
    const here = folder({ primeBackup: { enabled: false, command: { prefix: '!!backup' }, notification } })
    assert.deepEqual(await complaints(configOf([serverOf(here)])), [
      `! server survival: Prime Backup is switched off → write "enabled": true into ${here.primeBackup}`,
      '! server survival: Prime Backup\'s commands begin with !!backup, and commands.prefix says !!pb → write "prefix": "!!backup" into commands',
      `! server survival: Prime Backup's own notifications (of the fork) are on too: who is told by both gets each push twice → write "enabled": false into "notification" of ${here.primeBackup}`,
    ])
  })
})

describe('versions', () => {
  it('are told of what was seen', async () => {
    const found = await diagnose(writeConfig(configOf([serverOf(folder())])))
    const texts = found.filter(({ area }) => area === 'versions').map(({ text }) => text)
    assert.match(texts[0] ?? '', /^prime_backup_bridge \S+ on Node\.js \d+\./)
    assert.deepEqual(texts.slice(1), [
      'server survival: MCDReforged 2.15.7',
      'server survival: Prime Backup 1.13.0',
    ])
  })

  it('that are too old are told', async () => {
    const log = '[MCDR] [2026-11-25 00:00:00] [MainThread/INFO]: MCDReforged 2.9.1 is starting up\n'
    const here = folder({ files: { 'logs/MCDR.log': log } })
    const lines = await complaints(configOf([serverOf(here)]))
    assert.equal(
      lines[0],
      '! server survival: MCDReforged 2.9.1 may say things that the bridge does not know → update it to 2.12 or newer',
    )
  })
})
