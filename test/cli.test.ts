import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { EVENT_NAMES } from '../src/event.ts'
import { manifest } from '../src/manifest.ts'
import { closedPort, startBare, startGame } from './fake/game.ts'
import { type CliOptions, type Done, doneOf, type Running, startCli } from './fake/process.ts'
import { answer, hang, type Reply, startReceiver } from './fake/receiver.ts'
import { until } from './fake/until.ts'
import { zipOf } from './fake/zip.ts'

const ROOT = join(import.meta.dirname, '..')
const CORPUS = join(import.meta.dirname, 'fixture/corpus')
const COMMANDS = [
  'run',
  'demo',
  'init',
  'check',
  'test-notify',
  'replay',
  'events',
  'deliveries',
  'resend',
  'drop',
  'resume',
  'secret',
  'schema',
]
const LOADED = pathToFileURL(join(import.meta.dirname, 'fake/loaded.ts')).href

const home = mkdtempSync(join(tmpdir(), 'pb-bridge-cli-'))
after(() => rmSync(home, { recursive: true }))
/** What one process compiled, the next need not. */
const CACHE = join(home, 'cache')

/** The command line, which compiles once for all of them. */
function start(args: string[], { env = {}, cwd = home, ...options }: CliOptions = {}): Running {
  return startCli(args, { ...options, cwd, env: { NODE_COMPILE_CACHE: CACHE, ...env } })
}

function call(args: string[], options?: CliOptions): Promise<Done> {
  return doneOf(start(args, options))
}

let files = 0

function writeFile(text: string): string {
  const file = join(home, `file-${++files}`)
  writeFileSync(file, text)
  return file
}

function writeConfig(config: object): string {
  return writeFile(JSON.stringify({ servers: [{ name: 'survival' }], ...config }))
}

/** A folder that no other bridge of these tests owns. */
function stateOfItsOwn() {
  return { dir: join(home, `state-${++files}`) }
}

function linesOf(text: string): string[] {
  return text.split('\n').filter(line => line !== '')
}

async function receiver(t: TestContext, reply?: Reply) {
  const started = await startReceiver(reply)
  t.after(() => started.stop())
  return started
}

describe('the command line', { concurrency: 2 }, () => {
  function assertMisused(command: string, { code, stdout, stderr }: Awaited<ReturnType<typeof call>>) {
    assert.equal(code, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, new RegExp(`^pb-bridge: .*; usage: pb-bridge ${command}\\b.*\n$`))
  }

  for (const command of COMMANDS) {
    it(`${command} takes --config, --help and --version`, async () => {
      const { code, stdout, stderr } = await call([command, '--config', 'none.json', '--help'])
      assert.equal(code, 0, stderr)
      assert.match(stdout, new RegExp(`^pb-bridge ${command}\\b.*\n {2}\\S`))
      assert.deepEqual(await call([command, '-c', 'none.json', '--version']), {
        code: 0,
        stdout: `prime_backup_bridge ${manifest.version}\n`,
        stderr: '',
      })
    })

    it(`${command} takes no unknown flag`, async () => {
      const result = await call([command, '--frobnicate'])
      assertMisused(command, result)
      assert.match(result.stderr, /--frobnicate/)
    })
  }

  it('takes no value for a switch, no switch for a value, and no surplus argument', async () => {
    for (const flags of [['-x'], ['--online=yes'], ['--config'], ['--no-config'], ['now']])
      assertMisused('check', await call(['check', ...flags]))
    const surplus = await call(['test-notify', 'backup_start', 'now'])
    assertMisused('test-notify', surplus)
    assert.match(surplus.stderr, /unexpected argument "now"/)
  })

  it('lists its commands when asked for help, and when nothing is said', async () => {
    for (const [args, code] of [
      [['--help'], 0],
      [['-h'], 0],
      [[], 2],
    ] as const) {
      const result = await call([...args])
      assert.equal(result.code, code)
      for (const command of COMMANDS) assert.match(result.stdout, new RegExp(`^ {2}${command}\\b`, 'm'))
    }
    assert.equal((await call(['-v'])).stdout, `prime_backup_bridge ${manifest.version}\n`)
  })

  it('takes no unknown command, not even one that every JavaScript object knows', async () => {
    for (const name of ['fly', 'constructor']) {
      const { code, stdout, stderr } = await call([name])
      assert.equal(code, 2, stderr)
      assert.equal(stdout, '')
      assert.ok(
        stderr.startsWith(`pb-bridge: unknown command "${name}"; write one of run, demo, init, check,`),
        stderr,
      )
    }
  })

  it('says that the command comes first, where a flag does', async () => {
    const { code, stderr } = await call(['--config', 'x.json', 'check'])
    assert.equal(code, 2)
    assert.match(stderr, /write the command first, then --config/)
  })

  it('prints every fault of the config at once, and ends with 2', async () => {
    const file = writeConfig({
      serverz: [],
      notification: { language: 'x', endpoints: [{ type: 'x', url: 'hush0123456789', timeout: 0.1 }] },
    })
    for (const command of ['run', 'check']) {
      const { code, stdout, stderr } = await call([command, '-c', file])
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, /: 5 faults\n/)
      for (const place of ['serverz', 'language', 'type', 'url', 'timeout'])
        assert.match(stderr, new RegExp(place))
      assert.doesNotMatch(stderr, /hush/)
    }
  })

  it('reads ./config.json unless told otherwise, and says what to do where there is none', async () => {
    const cwd = mkdtempSync(join(home, 'cwd-'))
    const missing = await call(['check'], { cwd })
    assert.equal(missing.code, 2)
    assert.match(
      missing.stderr,
      /^pb-bridge: \.\/config\.json: one fault\n {2}there is no such file; make one with pb-bridge init/,
    )
    writeFileSync(join(cwd, 'config.json'), '{"servers":[{"name":"by default"}]}')
    writeFileSync(join(cwd, 'other.json'), '{"servers":[{"name":"by name"}]}')
    assert.match(
      (await call(['check'], { cwd })).stdout,
      /^✓ \.\/config\.json is valid\n✓ server by default:/,
    )
    assert.match((await call(['check', '--config', 'other.json'], { cwd })).stdout, /\n✓ server by name:/)
  })
})

describe('check', { concurrency: 2 }, () => {
  const KEY = 'hush0123456789'
  const endpoints = [
    {
      name: 'hook',
      url: `http://user:${KEY}@example.com/${KEY}?token=${KEY}`,
      headers: { Authorization: KEY },
    },
    {
      name: 'hook',
      url: `http://127.0.0.1/${KEY}`,
      enabled: false,
      retry_times: 0,
      proxy: `http://u:${KEY}@p:1`,
    },
    { name: 'phone', type: 'bark', bark: { device_key: KEY }, events: ['backup_failure'], timeout: '1min' },
    { name: 'wechat', type: 'serverchan', serverchan: { sendkey: `\${SENDKEY}` } },
  ]
  const servers = [
    {
      name: 'survival',
      minecraft: { host: 'mc.example.com', version: '1.21.4', joinCommands: [`/login ${KEY}`] },
      commands: { operators: ['Steve'] },
    },
    {
      name: 'creative',
      minecraft: { username: 'Watcher', auth: 'microsoft' },
      lifecycle: { backupDeadline: '2h' },
    },
  ]

  it('shows what would run and what to mind, without a secret', async () => {
    const file = writeConfig({ servers, notification: { enabled: true, endpoints } })
    const { code, stdout, stderr } = await call(['check', '-c', file], { env: { SENDKEY: `SCT${KEY}` } })
    assert.equal(code, 0, stderr)
    const lines = linesOf(stdout)
    assert.deepEqual(lines.slice(0, 12), [
      `✓ ${file} is valid`,
      '✓ server survival: bot PrimeBackupBot (offline) on mc.example.com:25565, Minecraft 1.21.4; commands !!pb, operators Steve, reply auto; deadlines 1 h / 15 min',
      '✓ server creative: bot Watcher (microsoft) on 127.0.0.1:25565, Minecraft auto; commands !!pb, operators none, reply auto; deadlines 2 h / 15 min',
      `✓ notifications on, en_us, events: ${EVENT_NAMES.join(' ')}`,
      '✓ endpoint hook: webhook to example.com, on, all events, 12 tries of 5 s',
      '✓ endpoint hook-2: webhook to 127.0.0.1, off, all events, one try of 5 s',
      '✓ endpoint phone: bark to api.day.app, on, backup_failure, 12 tries of 1 min',
      '✓ endpoint wechat: serverchan to sctapi.ftqq.com, on, all events, 12 tries of 5 s',
      "! notification endpoint 'hook' uses Authorization header with non-HTTPS URL, credentials may be exposed → write https://",
      "! two notification endpoints are named 'hook'; the later one is called 'hook-2'",
      '! server creative: commands.operators is empty, so nobody may use !!pb test notify → write your name into it',
      `! everybody on this machine may read the keys in ${file} (mode 644) → chmod 600 ${file}`,
    ])
    for (const line of lines.slice(12, -1)) assert.match(line, /^✓ /)
    assert.equal(lines.at(-1), '(--online asks the servers and the endpoints too)')
    assert.doesNotMatch(stdout + stderr, /hush/)
  })

  it('says when nothing would be sent', async () => {
    const off = await call(['check', '-c', writeConfig({})])
    assert.match(off.stdout, /\n! notification\.enabled is false: nothing is sent → write true\n/)
    const none = await call(['check', '-c', writeConfig({ notification: { enabled: true } })])
    assert.match(
      none.stdout,
      /\n! no endpoint is enabled: nothing is sent → write one into notification\.endpoints\n/,
    )
  })

  it('--online asks the servers, lets the bot join for a moment, and connects to the endpoints, without sending', async t => {
    const game = await startGame('1.16.5')
    t.after(() => game.stop())
    let sent = ''
    const sink = await startBare(socket => {
      socket.on('data', bytes => {
        sent += bytes
      })
    })
    t.after(() => sink.stop())
    const file = writeConfig({
      servers: [{ name: 'survival', minecraft: { host: '127.0.0.1', port: game.port } }],
      state: stateOfItsOwn(),
      notification: {
        enabled: true,
        endpoints: [
          { name: 'hook', url: `http://localhost:${sink.port}/${KEY}` },
          { name: 'off', url: 'http://nowhere.invalid/', enabled: false },
          { name: 'proxied', url: 'http://nowhere.invalid/', proxy: `http://127.0.0.1:${sink.port}` },
        ],
      },
    })
    const { code, stdout, stderr } = await call(['check', '--online', '-c', file])
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /\n✓ server survival answers: 1\.16\.5 \(protocol 754\); the bot speaks 1\.16\.5\n/)
    assert.match(stdout, /\n✓ server survival: the bot PrimeBackupBot can join; it has left again\n/)
    assert.match(stdout, /\n✓ endpoint hook: localhost is (127\.0\.0\.1|::1), and port \d+ answers\n/)
    assert.match(
      stdout,
      /\n✓ endpoint proxied: its proxy 127\.0\.0\.1 is 127\.0\.0\.1, and port \d+ answers\n$/,
    )
    assert.doesNotMatch(stdout, /✗|endpoint off: nowhere|hush/)
    assert.equal(sent, '')
    assert.equal(game.guests.length, 2)
    assert.equal(game.guests[1]?.got('chat').length, 0)
  })

  it('--online ends with 1 when a server is away or a host unknown, and says what to do', async t => {
    const web = await startBare(socket => socket.write('HTTP/1.1 400 Bad Request\r\n'.repeat(9)))
    t.after(() => web.stop())
    const port = await closedPort()
    const file = writeConfig({
      servers: [
        { name: 'away', minecraft: { host: 'localhost', port } },
        { name: 'web', minecraft: { port: web.port } },
      ],
      notification: { enabled: true, endpoints: [{ name: 'hook', url: `https://nowhere.invalid/${KEY}` }] },
    })
    const { code, stdout } = await call(['check', '--online', '-c', file])
    assert.equal(code, 1)
    assert.match(
      stdout,
      new RegExp(
        `\n✗ server away at localhost:${port}: connect ECONNREFUSED .* → check host, port and that it runs\n`,
      ),
    )
    assert.match(stdout, /\n✗ server web at 127\.0\.0\.1:\d+: .*no Minecraft server.* → check host, port/)
    assert.match(stdout, /\n✗ endpoint hook: nowhere\.invalid can't be resolved → check the URL and the DNS/)
    assert.doesNotMatch(stdout, /hush/)
  })
})

describe('test-notify', { concurrency: 2 }, () => {
  it('sends to every enabled endpoint, shows each result, and ends with 0', async t => {
    const { url, requests } = await receiver(t)
    const file = writeConfig({
      notification: {
        enabled: true,
        endpoints: [
          { name: 'one', url: `${url}/one` },
          { name: 'off', url: `${url}/off`, enabled: false },
          { name: 'two', url: `${url}/two`, language: 'zh_cn', events: ['restore_start'] },
        ],
      },
    })
    const { code, stdout, stderr } = await call(['test-notify', '-c', file])
    assert.equal(code, 0, stderr)
    assert.deepEqual(linesOf(stdout.replace(/\d\.\d\ds/g, 'Ns')), [
      'Sending test notification (event: backup_success)...',
      '✓ one - Success (took: Ns)',
      '- off - Skipped: it is disabled in the config',
      '✓ two - Success (took: Ns) (not subscribed to this event otherwise)',
      'Summary: 2/2 endpoints succeeded, total time: Ns',
    ])
    assert.deepEqual(requests.map(({ path }) => path).sort(), ['/one', '/two'])
    for (const { headers, body } of requests) {
      assert.equal(headers['user-agent'], `prime_backup_bridge/${manifest.version}`)
      assert.partialDeepStrictEqual(JSON.parse(body), {
        event: 'backup_success',
        message: 'manual_test',
        operator: { type: 'console', name: '', full: 'console:' },
        source: { type: 'console', name: '' },
        server: { running: null, name: 'survival' },
      })
    }
  })

  it('ends with 1 when any endpoint failed, and says what to do', async t => {
    const { url } = await receiver(t, (response, request) => {
      const reply = { '/good': answer(200), '/bad': answer(401), '/slow': hang }[request.path]
      reply?.(response, request)
    })
    const key = 'hush0123456789'
    const port = await closedPort()
    const endpoint = { retry_times: 0, timeout: '1s', headers: { Authorization: key } }
    const file = writeConfig({
      notification: {
        enabled: true,
        language: 'zh_cn',
        endpoints: [
          { ...endpoint, name: 'good', url: `${url}/good` },
          { ...endpoint, name: 'bad', url: `${url}/bad` },
          { ...endpoint, name: 'slow', url: `${url}/slow` },
          { ...endpoint, name: 'away', url: `http://127.0.0.1:${port}/${key}` },
        ],
      },
    })
    const { code, stdout, stderr } = await call(['test-notify', 'restore_failure', '-c', file])
    assert.equal(code, 1, stderr)
    const lines = linesOf(stdout)
    assert.match(lines[0] ?? '', /^正在发送测试通知（事件：restore_failure）/)
    assert.match(lines[1] ?? '', /^✓ good - 成功/)
    assert.match(lines[2] ?? '', /^✗ bad - 失败: HTTP 401: Unauthorized → 请检查密钥/)
    assert.match(lines[3] ?? '', /^✗ slow - 失败: Timeout after 1s → /)
    assert.match(lines[4] ?? '', /^✗ away - 失败: .* → 请检查接收端是否在运行/)
    assert.match(lines[5] ?? '', /^总计: 1\/4 /)
    assert.doesNotMatch(stdout + stderr, /hush/)
  })

  it('--endpoint sends to one alone, by its key', async t => {
    const { url, requests } = await receiver(t, (response, request) =>
      answer(request.path === '/2' ? 200 : 500)(response, request),
    )
    const file = writeConfig({
      notification: {
        enabled: true,
        endpoints: [1, 2].map(number => ({ name: 'x', url: `${url}/${number}` })),
      },
    })
    const { code, stdout, stderr } = await call(['test-notify', '--endpoint', 'x-2', '-c', file])
    assert.equal(code, 0, stdout)
    assert.deepEqual(
      requests.map(({ path }) => path),
      ['/2'],
    )
    assert.match(stdout, /\nSummary: 1\/1 /)
    assert.equal(stderr, "warning: two notification endpoints are named 'x'; the later one is called 'x-2'\n")
    const unknown = await call(['test-notify', '--endpoint', 'y', '-c', file])
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /pb-bridge: no endpoint is named "y"; the config has x, x-2\n/)
  })

  it('of an unknown event is wrong use: the six are named', async () => {
    const file = writeConfig({ notification: { enabled: true, endpoints: [{ url: 'http://127.0.0.1:1/' }] } })
    const { code, stdout, stderr } = await call(['test-notify', 'backup', '-c', file])
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.equal(stderr, `pb-bridge: Unknown event "backup"; write one of: ${EVENT_NAMES.join(', ')}\n`)
  })

  it('ends with 1 when there is nobody to send to', async t => {
    const { url, requests } = await receiver(t)
    const off = { name: 'off', url, enabled: false }
    for (const notification of [{ endpoints: [{ url }] }, { enabled: true, endpoints: [off] }]) {
      const { code, stdout } = await call(['test-notify', '-c', writeConfig({ notification })])
      assert.equal(code, 1)
      assert.equal(stdout, 'Notification is disabled or no endpoint configured\n')
    }
    const file = writeConfig({ notification: { enabled: true, endpoints: [off, { name: 'on', url }] } })
    assert.equal((await call(['test-notify', '--endpoint', 'off', '-c', file])).code, 1)
    assert.deepEqual(requests, [])
  })
})

describe('schema', () => {
  it('prints the schema of the config, with or without one', async () => {
    const { code, stdout, stderr } = await call(['schema'])
    assert.equal(code, 0, stderr)
    assert.equal(stdout, readFileSync(join(ROOT, 'config.schema.json'), 'utf8'))
  })

  it('ends quietly when nobody reads on', async () => {
    const running = start(['schema'])
    running.child.stdout?.destroy()
    assert.equal(await running.ended, 0)
    assert.equal(running.stderr(), '')
  })
})

describe('replay', { concurrency: 2 }, () => {
  const chatOf = (scenario: string) => join(CORPUS, scenario, 'chat.jsonl')

  async function replay(args: string[], options?: CliOptions) {
    const { code, stdout, stderr } = await call(['replay', ...args], options)
    assert.equal(code, 0, stderr)
    assert.equal(stderr, '')
    return linesOf(stdout).map(line => {
      const payload = JSON.parse(line)
      assert.equal(line, JSON.stringify(payload), 'compact JSON')
      return payload
    })
  }

  it('prints one payload a line, compact, and nothing else', async () => {
    const payloads = await replay(['--chat', chatOf('en_us/make_ok')])
    assert.deepEqual(
      payloads.map(({ event }) => event),
      ['backup_start', 'backup_success'],
    )
    assert.equal(payloads[1].backup.id, 1)
    assert.equal(payloads[1].server.name, 'minecraft')
    assert.equal(payloads[1].plugin.id, 'prime_backup_bridge')
  })

  it('lets the clock run on until every deadline has passed, unless --no-settle', async () => {
    const file = chatOf('en_us/crash_copying')
    const settled = await replay(['--chat', file])
    const open = await replay(['--chat', file, '--no-settle'])
    assert.deepEqual(
      open.map(({ event }) => event),
      ['backup_start'],
    )
    assert.deepEqual(settled.slice(0, 1), open)
    assert.deepEqual(
      settled.map(({ event, message }) => [event, message]),
      [
        ['backup_start', undefined],
        ['backup_failure', 'outcome_unknown'],
      ],
    )
  })

  it('takes the language, the name of the server, and the rules of a config', async () => {
    const file = chatOf('en_us/crash_copying')
    const [, named] = await replay(['--chat', file, '--language', 'zh_cn', '--server', 'nether'])
    assert.match(named.title, /^nether：/)
    assert.equal(named.server.name, 'nether')
    const config = writeConfig({
      servers: [
        { name: 'a', lifecycle: { backupDeadline: '2h' } },
        { name: 'b', lifecycle: { backupDeadline: '5min' } },
      ],
    })
    for (const [args, name, seconds] of [
      [[], 'a', 7200],
      [['--server', 'b'], 'b', 300],
    ] as const) {
      const [begin, end] = await replay(['--chat', file, '-c', config, ...args])
      assert.equal(end.server.name, name)
      assert.equal(Math.round(end.timestamp.unix - begin.timestamp.unix), seconds)
    }
  })

  it('does not load the protocol library, nor what comes with it', async () => {
    const config = writeConfig({})
    for (const more of [[], ['-c', config]]) {
      const args = ['replay', '--chat', chatOf('en_us/make_ok'), ...more]
      const { code, stdout, stderr } = await call(args, { node: ['--import', LOADED] })
      assert.equal(code, 0, stderr)
      assert.equal(linesOf(stdout).length, 2)
      assert.match(stderr, /^loaded zod$/m)
      assert.doesNotMatch(stderr, /^loaded (minecraft|prismarine|protodef)/m)
    }
  })

  it('is wrong use without a recording, with one that can’t be read, or in an unknown language', async () => {
    const chat = ['--chat', chatOf('en_us/make_ok')]
    const config = writeConfig({})
    const table: [string[], RegExp][] = [
      [[], /^pb-bridge: replay needs --log FILE… or --chat FILE\n$/],
      [['a.log'], /^pb-bridge: "a.log" stands alone; write --log before it\n$/],
      [['--log', join(home, 'none')], /^pb-bridge: .*none: there is no such file/],
      [['--log', home], /^pb-bridge: .*: this is a folder; name the MCDR.log in it\n$/],
      [['--chat', join(home, 'none')], /^pb-bridge: .*none can't be read: ENOENT\n$/],
      [[...chat, '--language', 'de_de'], /^pb-bridge: --language de_de is unknown; write en_us or zh_cn\n$/],
      [[...chat, '-c', config, '--server', 'x'], /^pb-bridge: .* has no server "x"\n$/],
    ]
    for (const [args, words] of table) {
      const { code, stdout, stderr } = await call(['replay', ...args])
      assert.equal(code, 2, stderr)
      assert.equal(stdout, '')
      assert.match(stderr, words)
    }
  })

  it('takes logs and their zips in any order, and Prime Backup’s database', async () => {
    const log = (scenario: string) => join(CORPUS, scenario, 'mcdr.log')
    const zip = join(home, '2026-11-25-1.zip')
    writeFileSync(zip, zipOf('MCDR.log', readFileSync(log('en_us/make_ok'))))
    const args = ['--log', log('en_us/db_mix'), zip, '--database', join(CORPUS, 'db/prime_backup_en_us.db')]
    const { code, stdout, stderr } = await call(['replay', ...args])
    assert.equal(code, 0, stderr)
    const payloads = linesOf(stdout).map(line => JSON.parse(line))
    assert.deepEqual(
      payloads.map(({ event }) => event),
      [
        ...['backup_start', 'backup_success'],
        ...Array(4).fill(['backup_start', 'backup_success']).flat(),
        ...['restore_start', 'restore_success'],
      ],
    )
    const times = payloads.map(({ timestamp }) => timestamp.unix)
    assert.deepEqual(times, times.toSorted())
    // An id that means another backup in this database is not taken for it.
    assert.equal(payloads[1].backup.raw_size, 1_918_894)
    assert.equal(payloads[3].backup.raw_size, 1_916_073)
  })

  it('says of a file that holds nothing of Prime Backup that it does not', async () => {
    const file = join(home, 'binary.log')
    writeFileSync(file, Buffer.from([0, 255, 254, 10, 0, 200]))
    const { code, stdout, stderr } = await call(['replay', '--log', file])
    assert.deepEqual([code, stdout], [0, ''])
    assert.match(stderr, /^pb-bridge: .*binary\.log says nothing of Prime Backup\n$/)
  })

  it('names the line that is none of a recording', async () => {
    const [first = ''] = linesOf(readFileSync(chatOf('en_us/make_ok'), 'utf8'))
    for (const [line, words] of [
      ['{"t_ms":', /: line 3 is not JSON: \{"t_ms":\n$/],
      ['null', /: line 3 is no line of a chat recording: it needs "t_ms" and "kind"\n$/],
    ] as const) {
      const { code, stderr } = await call(['replay', '--chat', writeFile(`${first}\n\n${line}\n`)])
      assert.equal(code, 2)
      assert.match(stderr, words)
    }
  })

  it('takes what it does not know in a recording for nothing', async () => {
    const known = readFileSync(chatOf('en_us/make_ok'), 'utf8')
    const odd = [
      { t_ms: 1, kind: 'particle', raw: 1 },
      { t_ms: 2, kind: 'system_chat', raw: 7 },
      { t_ms: 3, kind: 'player_chat', raw: null },
      { t_ms: 4, kind: 'kicked' },
    ].map(line => JSON.stringify(line))
    const payloads = await replay(['--chat', writeFile(known + odd.join('\r\n'))])
    assert.equal(payloads.length, 2)
  })
})

describe('run', { concurrency: 2 }, () => {
  async function stopped(running: Running, signal: 'SIGTERM' | 'SIGINT') {
    const since = performance.now()
    running.child.kill(signal)
    const code = await running.ended
    return { code, seconds: (performance.now() - since) / 1000 }
  }

  function configFor(port: number) {
    return writeConfig({
      servers: [{ name: 'survival', minecraft: { port, version: '1.20.4' } }],
      state: stateOfItsOwn(),
    })
  }

  function messages(running: Running): string[] {
    return linesOf(running.stderr())
      .filter(line => !line.startsWith('loaded '))
      .map(line => JSON.parse(line).msg)
  }

  it('ends within 5 s, with 0, on SIGTERM and on Ctrl-C, while the server is away', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const running = start(['run', '-c', configFor(await closedPort())])
      await until('the bot waits for its next try', () => running.stderr().includes('next try in'), 20_000)
      const { code, seconds } = await stopped(running, signal)
      assert.equal(code, 0, running.stderr())
      assert.ok(seconds < 5, `${seconds} s`)
      assert.equal(running.stdout(), '')
      assert.deepEqual(
        [messages(running)[0], messages(running).at(-1)],
        [`Prime Backup Bridge ${manifest.version} watches survival`, `stopping: ${signal}`],
      )
    }
  })

  it('ends within 5 s, with 0, while the server says nothing', async t => {
    const silent = await startBare(() => {})
    t.after(() => silent.stop())
    const running = start(['run', '-c', configFor(silent.port)])
    await until('the bot pings', () => silent.sockets.length > 0, 20_000)
    const { code, seconds } = await stopped(running, 'SIGTERM')
    assert.equal(code, 0, running.stderr())
    assert.ok(seconds < 5, `${seconds} s`)
  })

  it('ends within 5 s, with 0, in play; and has loaded the protocol library by then', async t => {
    const game = await startGame('1.20.4')
    t.after(() => game.stop())
    const running = start(['run', '-c', configFor(game.port)], { node: ['--import', LOADED] })
    await until('the bot is in play', () => running.stderr().includes('is in play'), 20_000)
    const { code, seconds } = await stopped(running, 'SIGTERM')
    assert.equal(code, 0, running.stderr())
    assert.ok(seconds < 5, `${seconds} s`)
    assert.match(running.stderr(), /^loaded minecraft-protocol$/m)
    assert.equal(messages(running).at(-1), 'stopping: SIGTERM')
  })

  it('says at its start when nothing would be sent, and logs what the config asks for', async () => {
    const port = await closedPort()
    const loud = start(['run', '-c', configFor(port)])
    await until('the warning', () => loud.stderr().includes('no notification will be sent'), 20_000)
    await stopped(loud, 'SIGTERM')
    const file = writeConfig({
      servers: [{ minecraft: { port } }],
      state: stateOfItsOwn(),
      log: { level: 'warn' },
    })
    const quiet = start(['run', '-c', file])
    await until('a warning', () => quiet.stderr().includes('next try in'), 20_000)
    await stopped(quiet, 'SIGTERM')
    assert.deepEqual(
      messages(quiet).filter(message => /watches|stopping/.test(message)),
      [],
    )
  })
})
