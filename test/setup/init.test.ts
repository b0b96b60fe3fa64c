import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { createAsk } from '../../src/cli/ask.ts'
import { type InitOptions, setUp } from '../../src/cli/init.ts'
import { loadConfig } from '../../src/config.ts'
import { type FolderOptions, makeFolder } from '../fake/folder.ts'
import { answer, startReceiver } from '../fake/receiver.ts'
import { CTRL_C, DOWN, ENTER, startTerminal } from '../fake/terminal.ts'

const root = mkdtempSync(join(tmpdir(), 'pb-init-'))
after(() => rmSync(root, { recursive: true }))

const KEY = 'hush0123456789'

type Over = Partial<InitOptions> & { env?: { [name: string]: string }; roots?: string[] }

/** A home in which nobody has been, and a set-up that runs there, with a terminal or without. */
function newcomer(folders: { [name: string]: FolderOptions } = { mcdr: {} }) {
  const home = mkdtempSync(join(root, 'home-'))
  const made = Object.entries(folders).map(([name, options]) => makeFolder(join(home, name), options))
  const cwd = join(home, 'bridge')
  mkdirSync(cwd)
  const file = join(cwd, 'config.json')
  const terminal = startTerminal()
  const lines: string[] = []
  const run = (withTerminal: boolean, { env = {}, roots = [], ...options }: Over) =>
    setUp(
      { file, mcdr: [], ...options },
      {
        ...(withTerminal && { ask: createAsk(terminal) }),
        print: line => lines.push(line),
        env,
        places: { cwd, home, roots, places: [] },
      },
    )
  return {
    home,
    cwd,
    file,
    folders: made,
    terminal,
    lines,
    inTerminal: (over: Over = {}) => run(true, over),
    withoutTerminal: (over: Over = {}) => run(false, over),
    written: () => JSON.parse(readFileSync(file, 'utf8')),
    /** Everything that anybody could read of it. */
    told: () => `${lines.join('\n')}\n${terminal.shown()}`,
  }
}

async function receiver(t: TestContext, reply = answer(200)) {
  const started = await startReceiver(reply)
  t.after(() => started.stop())
  return started
}

/** The webhook is the third. */
const WEBHOOK = [DOWN, DOWN, ENTER]

describe('init in a terminal', () => {
  it('finds all but the service and its key, sends a test, and writes a config that nobody else can read', async t => {
    const { url, requests } = await receiver(t)
    const one = newcomer({ mcdr: { properties: { 'server-port': 25_570 } } })
    const done = one.inTerminal()
    await one.terminal.answer('Where shall the notifications go?', ...WEBHOOK)
    await one.terminal.answer('The URL of your webhook', `${url}/${KEY}`, ENTER)
    assert.equal(await done, 0)
    const [mcdr] = one.folders
    assert.deepEqual(one.written(), {
      servers: [
        {
          name: 'minecraft',
          minecraft: { host: '127.0.0.1', port: 25_570, username: 'PrimeBackupBot' },
          mcdr: { log: mcdr?.log },
          primeBackup: {
            database: mcdr?.database,
            config: join(String(mcdr?.dir), 'config', 'prime_backup', 'config.json'),
          },
          commands: { mcdrPermissions: mcdr?.permissions },
        },
      ],
      notification: {
        enabled: true,
        language: 'en_us',
        endpoints: [{ name: 'webhook', type: 'webhook', url: `${url}/${KEY}` }],
      },
    })
    assert.equal(statSync(one.file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(one.cwd), ['config.json'])
    loadConfig(one.file, {})
    assert.equal(requests.length, 1)
    assert.equal(JSON.parse(requests[0]?.body ?? '').message, 'manual_test')
    assert.deepEqual(one.lines.slice(0, 3), [
      `✓ MCDReforged 2.15.7 in ${mcdr?.dir} (en_us, vanilla_handler)`,
      '✓ server on port 25570, online-mode=false, white-list=false',
      `✓ Prime Backup 1.13.0, commands !!pb, database ${mcdr?.database} (version 4)`,
    ])
    assert.doesNotMatch(one.told(), /hush/)
  })

  it('asks in Chinese where the locale, the option or else MCDReforged is Chinese', async t => {
    const { url, requests } = await receiver(t)
    for (const [language, over] of [
      ['en_us', { env: { LANG: 'zh_CN.UTF-8' } }],
      ['en_us', { env: { LANG: 'en_US.UTF-8' }, language: 'zh_cn' }],
      ['zh_cn', { env: { LANG: 'C.UTF-8' } }],
    ] as const) {
      const one = newcomer({ mcdr: { language } })
      const done = one.inTerminal(over)
      await one.terminal.answer('通知推送到哪里？', ...WEBHOOK)
      await one.terminal.answer('Webhook 的 URL', url, ENTER)
      assert.equal(await done, 0)
      assert.equal(one.written().notification.language, 'zh_cn')
      assert.match(
        one.lines.join('\n'),
        /✓ webhook - 成功[\s\S]*还需要您完成：\n1\. .*机器人[\s\S]*\/gamemode spectator/,
      )
    }
    assert.match(requests[2]?.body ?? '', /通知/)
  })

  it('takes no key with a line break or a space inside, and shows none that is typed', async () => {
    const one = newcomer()
    const done = one.inTerminal()
    await one.terminal.answer('Where shall the notifications go?', ENTER)
    await one.terminal.answer('Your Bark key', `${KEY} ${KEY}`, ENTER)
    await one.terminal.answer('There is a space', CTRL_C)
    assert.equal(await done, 130)
    assert.doesNotMatch(one.told(), /hush/)
  })

  it('leaves nothing behind after Ctrl-C, wherever that comes', async () => {
    for (const asked of [[], [ENTER]]) {
      const one = newcomer()
      const done = one.inTerminal()
      if (asked.length > 0) await one.terminal.answer('Where shall the notifications go?', ...asked)
      await one.terminal.answer(asked.length > 0 ? 'Your Bark key' : 'Where shall', CTRL_C)
      assert.equal(await done, 130)
      assert.equal(one.lines.at(-1), 'Stopped. Nothing was written.')
      assert.deepEqual(readdirSync(one.cwd), [])
    }
  })

  it('asks again, keeps it, or stops where the test does not arrive', async t => {
    const { url } = await receiver(t, (response, request) =>
      answer(request.path === '/good' ? 200 : 404)(response, request),
    )
    const type = async (one: ReturnType<typeof newcomer>, path: string) => {
      await one.terminal.answer('Where shall the notifications go?', ...WEBHOOK)
      await one.terminal.answer('The URL of your webhook', `${url}/${path}`, ENTER)
    }
    const again = newcomer()
    const corrected = again.inTerminal()
    await type(again, 'bad')
    await again.terminal.answer('The test did not arrive', ENTER)
    await type(again, 'good')
    assert.equal(await corrected, 0)
    assert.equal(again.written().notification.endpoints[0].url, `${url}/good`)
    assert.match(again.lines.join('\n'), /✗ webhook - Failed: HTTP 404: Not Found → check the URL/)

    const keep = newcomer()
    const kept = keep.inTerminal()
    await type(keep, 'bad')
    await keep.terminal.answer('The test did not arrive', DOWN, ENTER)
    assert.equal(await kept, 0)
    assert.equal(keep.written().notification.endpoints[0].url, `${url}/bad`)

    const stop = newcomer()
    const stopped = stop.inTerminal()
    await type(stop, 'bad')
    await stop.terminal.answer('The test did not arrive', DOWN, DOWN, ENTER)
    assert.equal(await stopped, 130)
    assert.equal(existsSync(stop.file), false)
  })

  it('writes without an endpoint where that is to come later, and says what to write', async () => {
    const one = newcomer()
    const done = one.inTerminal()
    await one.terminal.answer('Where shall the notifications go?', DOWN, DOWN, DOWN, DOWN, ENTER)
    assert.equal(await done, 0)
    assert.deepEqual(one.written().notification.endpoints, [])
    assert.match(one.lines.join('\n'), /1\. Nobody is told yet.*\n {5}\{"name":"phone","type":"bark"/)
  })

  it('asks which of several servers, and can watch them all, with a bot of its own name for each', async t => {
    const { url } = await receiver(t)
    const env = { PB_WEBHOOK_URL: url }
    const folders = {
      survival: {},
      creative: { properties: { 'server-port': 25_566 } },
      bungee: { handler: 'velocity_handler', primeBackup: null },
    }
    const all = newcomer(folders)
    const done = all.inTerminal({ env })
    await all.terminal.answer('Which server shall be watched?', DOWN, DOWN, ENTER)
    assert.equal(await done, 0)
    const { servers } = loadConfig(all.file, env)
    assert.deepEqual(
      servers.map(({ name, minecraft }) => [name, minecraft?.username, minecraft?.port]).sort(),
      [
        ['creative', 'PrimeBackupBot', 25_566],
        ['survival', 'PrimeBackupBot2', 25_565],
      ],
    )
    const one = newcomer(folders)
    const chosen = one.inTerminal({ env })
    await one.terminal.answer('Which server shall be watched?', DOWN, ENTER)
    assert.equal(await chosen, 0)
    assert.deepEqual(
      one.written().servers.map(({ name }: { name: string }) => name),
      ['survival'],
    )
  })

  it('asks for the folder where it is nowhere, and for the address where it is on another machine', async t => {
    const { url } = await receiver(t)
    const env = { PB_WEBHOOK_URL: url }
    const far = newcomer({})
    makeFolder(join(root, 'far/away/mcdr'))
    const named = far.inTerminal({ env })
    await far.terminal.answer('In which folder is MCDReforged?', '/nowhere', ENTER)
    await far.terminal.answer('There is no config.yml', '\u0015', join(root, 'far/away/mcdr'), ENTER)
    assert.equal(await named, 0)
    assert.equal(far.written().servers[0].mcdr.log, join(root, 'far/away/mcdr/logs/MCDR.log'))

    const remote = newcomer({})
    const done = remote.inTerminal({ env })
    await remote.terminal.answer('In which folder is MCDReforged?', ENTER)
    await remote.terminal.answer('Address of the game server', 'mc.example.com:25570', ENTER)
    assert.equal(await done, 0)
    assert.deepEqual(remote.written().servers, [
      { name: 'minecraft', minecraft: { host: 'mc.example.com', port: 25_570, username: 'PrimeBackupBot' } },
    ])
    assert.match(remote.lines.join('\n'), /\/whitelist add PrimeBackupBot/)
  })

  it('asks for an account where the server checks them, and does without a bot where there is none', async t => {
    const { url } = await receiver(t)
    const env = { PB_WEBHOOK_URL: url }
    const options = { mcdr: { properties: { 'online-mode': true } } }
    const none = newcomer(options)
    const without = none.inTerminal({ env })
    await none.terminal.answer('The server checks accounts', ENTER)
    assert.equal(await without, 0)
    const [server] = none.written().servers
    assert.deepEqual(Object.keys(server), ['name', 'mcdr', 'primeBackup'])
    assert.match(none.lines.join('\n'), /online-mode=true\), so there is no bot/)
    assert.doesNotMatch(none.lines.join('\n'), /spectator|whitelist add/)

    const some = newcomer(options)
    const withAccount = some.inTerminal({ env })
    await some.terminal.answer('The server checks accounts', 'bot@example.com', ENTER)
    assert.equal(await withAccount, 0)
    assert.deepEqual(some.written().servers[0].minecraft, {
      host: '127.0.0.1',
      port: 25_565,
      username: 'bot@example.com',
      auth: 'microsoft',
    })
    assert.match(some.lines.join('\n'), /\/gamemode spectator BOT_NAME/)
  })
})

describe('init without a terminal', () => {
  it('asks nothing, writes what it found, says what is missing, and ends with 1', async () => {
    const one = newcomer()
    assert.equal(await one.withoutTerminal(), 1)
    assert.equal(one.terminal.shown(), '')
    const { notification, servers } = loadConfig(one.file, {})
    assert.equal(servers[0]?.mcdr?.log, one.folders[0]?.log)
    assert.deepEqual(notification.endpoints, [])
    assert.match(one.lines.join('\n'), /Missing: where to send\..* set PB_BARK_KEY \/ PB_SERVERCHAN_KEY/)
  })

  it('takes a key from the environment, does not write it down, and ends with 0 when the test arrived', async t => {
    const { url, requests } = await receiver(t)
    const one = newcomer()
    assert.equal(await one.withoutTerminal({ env: { PB_WEBHOOK_URL: `${url}/${KEY}` } }), 0)
    assert.equal(requests[0]?.path, `/${KEY}`)
    assert.equal(one.written().notification.endpoints[0].url, `\${PB_WEBHOOK_URL}`)
    assert.doesNotMatch(one.told() + readFileSync(one.file, 'utf8'), /hush/)
  })

  it('writes all the same where the test did not arrive, and ends with 1', async t => {
    const { url } = await receiver(t, answer(500))
    const one = newcomer()
    assert.equal(await one.withoutTerminal({ env: { PB_WEBHOOK_URL: url } }), 1)
    assert.match(one.lines.join('\n'), /✗ webhook - Failed: HTTP 500/)
    assert.equal(one.written().notification.endpoints.length, 1)
  })

  it('uses no variable with a fault in it, and says so without showing it', async () => {
    const one = newcomer()
    const env = { PB_BARK_KEY: `https://api.day.app/${KEY}/`, PB_WEBHOOK_URL: `${KEY}.example.com` }
    assert.equal(await one.withoutTerminal({ env }), 1)
    assert.deepEqual(
      one.lines.filter(line => line.startsWith('! ')),
      [
        '! PB_BARK_KEY is set, but not used: it is a URL; set it to the key alone',
        '! PB_WEBHOOK_URL is set, but not used: Enter a URL that begins with https:// or http://',
      ],
    )
    assert.doesNotMatch(one.told(), /hush/)
  })

  for (const [what, folders, over, said] of [
    ['nothing was found', {}, {}, /^MCDReforged was not found here; name its folder with --mcdr DIR/],
    [
      'several servers were found',
      { one: {}, two: {} },
      {},
      /^several folders of MCDReforged were found: .*one, .*two; name the one/,
    ],
    ['the folder is none', {}, { mcdr: ['/nowhere'] }, /^\/nowhere is no folder of MCDReforged: .* --mcdr$/],
    [
      'the folder of the config is not there',
      { mcdr: {} },
      { file: '/nowhere/config.json' },
      /^the folder \/nowhere is not there; make it/,
    ],
  ] as const) {
    it(`writes nothing and is wrong use where ${what}`, async () => {
      const one = newcomer(folders)
      await assert.rejects(
        one.withoutTerminal({ ...over, ...('mcdr' in over && { mcdr: [...over.mcdr] }) }),
        error => {
          assert.ok(error instanceof Error)
          assert.equal(error.name, 'UsageError')
          assert.match(error.message, said)
          return true
        },
      )
      assert.deepEqual(readdirSync(one.cwd), [])
    })
  }
})

describe('init', () => {
  it('says what docs/SETUP.md shows', async t => {
    const { url } = await receiver(t)
    const one = newcomer({
      mcdr: {
        properties: { 'white-list': true },
        primeBackup: { scheduled_backup: { require_online_players: true } },
      },
    })
    await one.withoutTerminal({ env: { PB_WEBHOOK_URL: url, LANG: 'en_US.UTF-8' } })
    const said = one.lines
      .join('\n')
      .replaceAll(one.folders[0]?.dir ?? '', '/opt/mcdr')
      .replaceAll(` --config ${one.file}`, '')
      .replaceAll(one.file, './config.json')
      .replace(/took: \d\.\d\ds/, 'took: 0.02s')
    const setup = readFileSync(join(import.meta.dirname, '../../docs/SETUP.md'), 'utf8')
    assert.ok(setup.includes(`\n\`\`\`text\n${said}\n\`\`\`\n`), said)
  })

  it("names MCDReforged's folder to whoever named that of the server in it", async () => {
    const one = newcomer()
    const { dir = '' } = one.folders[0] ?? {}
    await assert.rejects(one.withoutTerminal({ mcdr: [join(dir, 'server')] }), {
      message: `${dir}/server is no folder of MCDReforged, but ${dir} is: name that one with --mcdr`,
    })
  })

  it('writes over nothing, and says so before it asks', async () => {
    const one = newcomer()
    writeFileSync(one.file, 'mine')
    for (const run of [one.inTerminal, one.withoutTerminal])
      await assert.rejects(
        run(),
        /config\.json is there already, and init writes over nothing; look at it with pb-bridge check/,
      )
    assert.equal(readFileSync(one.file, 'utf8'), 'mine')
    assert.equal(one.terminal.shown(), '')
  })

  it('names the schema where that lies beside the config', async () => {
    const one = newcomer()
    writeFileSync(join(one.cwd, 'config.schema.json'), '{}')
    await one.withoutTerminal()
    assert.equal(one.written().$schema, './config.schema.json')
  })

  it("takes the fork's notifications over, tests each, and says that they are to be switched off there", async t => {
    const { url, requests } = await receiver(t)
    const bark = Object.fromEntries(['title', 'sound', 'volume', 'group'].map(key => [key, null]))
    const notification = {
      enabled: true,
      language: 'en_us',
      events: ['backup_success', 'backup_failure'],
      endpoints: [
        {
          enabled: true,
          name: 'hook',
          type: 'webhook',
          url: `${url}/${KEY}`,
          headers: {},
          timeout: '5s',
          retry_times: 1,
          bark: { ...bark, markdown: false },
        },
        {
          enabled: true,
          name: 'phone',
          type: 'bark',
          url: `${url}/push`,
          headers: {},
          timeout: '10s',
          retry_times: 0,
          bark: { ...bark, device_key: KEY, level: 'active' },
        },
        { enabled: false, name: 'off', url: 'https://example.com/' },
      ],
    }
    const one = newcomer({ mcdr: { language: 'zh_cn', primeBackup: { notification } } })
    assert.equal(await one.withoutTerminal({ env: { LC_ALL: 'en_US.UTF-8' } }), 1)
    assert.deepEqual(one.written().notification, {
      enabled: true,
      language: 'zh_cn',
      events: ['backup_success', 'backup_failure'],
      endpoints: [
        { name: 'hook', url: `${url}/${KEY}` },
        {
          name: 'phone',
          type: 'bark',
          url: `${url}/push`,
          timeout: '10s',
          retry_times: 0,
          bark: { device_key: KEY, level: 'active' },
        },
      ],
    })
    assert.equal(requests.length, 2)
    const told = one.lines.join('\n')
    assert.match(told, /✓ the notifications of .*config\.json are taken over: hook, phone\n/)
    // The receiver does not answer as Bark does.
    assert.match(told, /\n✓ hook - Success.*\n✗ phone - Failed/)
    assert.match(told, /each push would come twice\. In "notification" of .*, write\n {5}"enabled": false/)
    assert.doesNotMatch(told, /hush/)
  })

  it('says what is wrong with a block that it can’t take over, and goes on without', async () => {
    const notification = { endpoints: [{ name: 'hook', url: KEY }] }
    const one = newcomer({ mcdr: { primeBackup: { notification } } })
    assert.equal(await one.withoutTerminal(), 1)
    assert.match(
      one.lines.join('\n'),
      /! the notifications of .* are not taken over: .* has a URL that is none/,
    )
    assert.deepEqual(one.written().notification.endpoints, [])
    assert.doesNotMatch(one.told(), /hush/)
  })

  it('says the very lines that a person must type and write', async () => {
    const one = newcomer({
      mcdr: {
        properties: { 'white-list': true },
        owners: [],
        primeBackup: {
          enabled: false,
          command: { prefix: '!!backup' },
          scheduled_backup: { require_online_players: true, require_online_players_blacklist: ['bot_.*'] },
        },
      },
    })
    await one.withoutTerminal()
    const typed = one.lines.filter(line => line.startsWith('     ')).map(line => line.trim())
    assert.deepEqual(typed.slice(1), [
      '"enabled": true',
      '/whitelist add PrimeBackupBot',
      '"require_online_players_blacklist": ["bot_.*", "PrimeBackupBot"]',
      '/gamemode spectator PrimeBackupBot',
      '!!MCDR permission set YOUR_NAME owner',
      `pb-bridge check --config ${one.file} --online    see that all is well`,
      `pb-bridge run --config ${one.file}               watch`,
    ])
    assert.equal(one.written().servers[0].commands.prefix, '!!backup')
  })

  it('gives a server behind a proxy no bot, and one in another zone its zone', async () => {
    const one = newcomer({
      mcdr: {
        aheadMs: 3 * 3_600_000,
        files: { 'server/config/FabricProxy-Lite.toml': 'hackOnlineMode = true\n' },
      },
    })
    await one.withoutTerminal()
    const [server] = one.written().servers
    assert.equal(server.minecraft, undefined)
    assert.match(server.timeZone, /^([+-]\d\d:\d\d|Asia\/Shanghai|UTC)$/)
    assert.match(one.lines.join('\n'), /takes players from its proxy alone, so there is no bot/)
  })

  it('takes what stands in somebody’s path as it stands, also where it looks like a variable', async () => {
    const one = newcomer({ '${HOME}': {} })
    await one.withoutTerminal()
    assert.equal(loadConfig(one.file, { HOME: '/root' }).servers[0]?.mcdr?.log, one.folders[0]?.log)
  })
})
