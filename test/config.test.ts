import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { type Config, ConfigError, loadConfig, parseConfig } from '../src/config.ts'
import { resolveEndpoints } from '../src/delivery/endpoint.ts'
import { EVENT_NAMES } from '../src/event.ts'
import { fc } from './fake/property.ts'

type Environment = { [name: string]: string }

function parse(config: unknown, environment: Environment = {}): Config {
  return parseConfig(JSON.stringify(config), 'config.json', environment)
}

function errorOf(call: () => unknown): ConfigError {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error))
    return error
  }
  return assert.fail('there is no fault')
}

function faultsOf(config: unknown, environment: Environment = {}): string[] {
  return errorOf(() => parse(config, environment)).faults
}

/** A config that is right but for what the test puts in. */
function withServer(server: object): object {
  return { servers: [server] }
}

function withEndpoint(endpoint: object): object {
  return { servers: [{}], notification: { enabled: true, endpoints: [endpoint] } }
}

describe('a config', () => {
  it('needs no more than a server', () => {
    assert.deepEqual(parse({ servers: [{}] }), {
      servers: [
        {
          name: 'minecraft',
          minecraft: {
            host: '127.0.0.1',
            port: 25_565,
            username: 'PrimeBackupBot',
            auth: 'offline',
            version: 'auto',
            readInterval: 250,
            joinCommands: [],
          },
          primeBackup: { show: false },
          commands: {
            prefix: '!!pb',
            operators: [],
            level: 4,
            cooldown: 10_000,
            reply: 'auto',
            chatPatterns: [],
          },
          lifecycle: { backupDeadline: 3_600_000, restoreDeadline: 900_000 },
          watch: { overdue: true, grace: 900_000, stuck: true, anomaly: false, blind: true },
        },
      ],
      notification: {
        enabled: false,
        language: 'en_us',
        events: [...EVENT_NAMES],
        retry: {
          schedule: [
            1000, 5000, 30_000, 120_000, 600_000, 1_800_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000,
            86_400_000,
          ],
          jitter: 0.2,
        },
        startExpiry: 900_000,
        endpoints: [],
      },
      state: {
        dir: './data',
        retention: 30 * 86_400_000,
        deadRetention: 90 * 86_400_000,
        maxSize: 256 * 1024 ** 2,
      },
      log: { level: 'info' },
    })
  })

  it('takes every key of a server', () => {
    const server = {
      name: 'creative',
      minecraft: {
        host: 'mc.example.com',
        port: 25_566,
        username: 'Watcher',
        auth: 'microsoft',
        version: '1.21.4',
        readInterval: '1s',
        joinCommands: ['/login hunter2', '/afk'],
      },
      mcdr: { log: '/srv/mcdr/logs/MCDR.log', pollInterval: '5s' },
      primeBackup: {
        database: '/srv/mcdr/pb_files/prime_backup.db',
        config: '/srv/mcdr/config/prime_backup/config.json',
        show: true,
      },
      timeZone: 'Asia/Shanghai',
      commands: {
        prefix: '!!backup',
        operators: ['Steve', '069a79f4-44e9-4726-a5be-fca90e38aaf5'],
        mcdrPermissions: '/srv/mcdr/permission.yml',
        level: 3,
        opsJson: '/srv/mcdr/server/ops.json',
        cooldown: '1min',
        reply: 'tell',
        chatPatterns: ['\\[\\w+\\] (?<player>\\w+): (?<message>.*)'],
      },
      lifecycle: { backupDeadline: '3h', restoreDeadline: 120 },
      watch: {
        maxAge: '26h',
        overdue: false,
        grace: '1h',
        restWhenEmpty: true,
        stuck: false,
        anomaly: true,
        blind: false,
      },
    }
    assert.deepEqual(parse(withServer(server)).servers, [
      {
        ...server,
        minecraft: { ...server.minecraft, readInterval: 1000 },
        mcdr: { ...server.mcdr, pollInterval: 5000 },
        commands: { ...server.commands, cooldown: 60_000 },
        lifecycle: { backupDeadline: 10_800_000, restoreDeadline: 120_000 },
        watch: {
          maxAge: 93_600_000,
          overdue: false,
          grace: 3_600_000,
          restWhenEmpty: true,
          stuck: false,
          anomaly: true,
          blind: false,
        },
      },
    ])
  })

  it('takes both ways of a version, every way to log in and every route of the answer', () => {
    for (const version of ['auto', '1.21', '1.12.2', '26.1']) parse(withServer({ minecraft: { version } }))
    for (const auth of ['offline', 'microsoft']) parse(withServer({ minecraft: { auth } }))
    for (const reply of ['auto', 'tellraw', 'tell', 'public']) parse(withServer({ commands: { reply } }))
  })

  it('may do without a bot where it has a log, and joins the server beside it where it has neither', () => {
    const [log, bot, both] = [
      withServer({ mcdr: { log: 'MCDR.log' } }),
      withServer({}),
      withServer({ mcdr: { log: 'MCDR.log' }, minecraft: {} }),
    ].map(config => parse(config).servers[0])
    assert.equal(log?.minecraft, undefined)
    assert.equal(bot?.minecraft?.port, 25_565)
    assert.equal(both?.minecraft?.port, 25_565)
  })

  it('may watch several servers, each with a name of its own', () => {
    const { servers } = parse({ servers: [{ name: 'a' }, { name: 'b' }] })
    assert.deepEqual(
      servers.map(({ name }) => name),
      ['a', 'b'],
    )
    assert.deepEqual(faultsOf({ servers: [{ name: 'a' }, {}, { name: 'a' }, {}] }), [
      'servers[2].name: "a" is the name of another server too; write a name of its own',
      'servers[3].name: "minecraft" is the name of another server too; write a name of its own',
    ])
  })

  it('may name its schema, and hold comments', () => {
    const text = '{ // mine\n "$schema": "./config.schema.json", /* all */ "servers": [{}] }'
    assert.equal(parseConfig(text, 'config.json', {}).$schema, './config.schema.json')
  })

  it('may begin with a byte order mark', () => {
    assert.equal(parseConfig('\uFEFF{"servers":[{}]}', 'config.json', {}).servers.length, 1)
  })

  it('sends an endpoint of no type to the service whose host its URL names, else as a webhook', () => {
    const table = {
      'https://sctapi.ftqq.com/SCT1abc.send': 'serverchan',
      'https://77.push.ft07.com/send/sctp77tabc.send': 'serverchan',
      'https://api.day.app/abc': 'bark',
      'https://example.com/?to=sctapi.ftqq.com': 'webhook',
    }
    for (const [url, type] of Object.entries(table)) {
      const { endpoints } = resolveEndpoints(parse(withEndpoint({ url })).notification)
      assert.deepEqual(
        endpoints.map(({ provider }) => provider.type),
        [type],
        url,
      )
    }
  })

  it('calls a second endpoint of the same name `-2`, the next `-3`, and warns', () => {
    const { notification } = parse({
      servers: [{}],
      notification: { endpoints: ['x', 'x', 'x'].map(name => ({ name, url: 'https://example.com/' })) },
    })
    const { endpoints, warnings } = resolveEndpoints(notification)
    assert.deepEqual(
      endpoints.map(({ key }) => key),
      ['x', 'x-2', 'x-3'],
    )
    assert.equal(warnings.length, 2)
  })

  it('may have the body of Bark as Markdown, or other Markdown', () => {
    for (const markdown of [true, false, null, '**done**']) {
      const { endpoints } = parse(
        withEndpoint({ type: 'bark', bark: { device_key: 'k', markdown } }),
      ).notification
      assert.deepEqual((endpoints[0] as { bark?: { markdown?: unknown } }).bark?.markdown, markdown ?? false)
    }
  })

  it('reads durations as numbers of seconds, or as texts with the units of Prime Backup', () => {
    const table: [string | number, number][] = [
      [1, 1000],
      [2.5, 2500],
      ['1500ms', 1500],
      ['2 Sec', 2000],
      ['1MIN', 60_000],
      ['0.5h', 1_800_000],
    ]
    for (const [cooldown, ms] of table)
      assert.equal(parse(withServer({ commands: { cooldown } })).servers[0]?.commands.cooldown, ms)
    for (const [restoreDeadline, days] of [
      ['1d', 1],
      ['7 day', 7],
    ] as const)
      assert.equal(
        parse(withServer({ lifecycle: { restoreDeadline } })).servers[0]?.lifecycle.restoreDeadline,
        days * 86_400_000,
      )
  })
})

/** Every key with its default, in the order and the form in which Python's json module writes the fork's config. */
const BLOCK_OF_THE_FORK = `{
    "enabled": true,
    "language": "zh_cn",
    "events": [
        "backup_start",
        "backup_success",
        "backup_failure",
        "restore_start",
        "restore_success",
        "restore_failure"
    ],
    "endpoints": [
        {
            "enabled": true,
            "name": "default",
            "type": "webhook",
            "url": "https://example.com/hook",
            "headers": {},
            "timeout": "5s",
            "retry_times": 1,
            "bark": {
                "device_key": null,
                "title": null,
                "subtitle": null,
                "body": null,
                "level": null,
                "volume": null,
                "badge": null,
                "call": null,
                "autoCopy": null,
                "copy": null,
                "sound": null,
                "icon": null,
                "image": null,
                "group": null,
                "url": null,
                "action": null,
                "id": null,
                "delete": null,
                "isArchive": null,
                "markdown": false
            }
        },
        {
            "enabled": true,
            "name": "手机",
            "type": "bark",
            "url": "https://api.day.app/push",
            "headers": {
                "Authorization": "Bearer t0ken"
            },
            "timeout": "1.0min",
            "retry_times": 3,
            "bark": {
                "device_key": "abc",
                "title": "备份",
                "subtitle": "s",
                "body": "b",
                "level": "timeSensitive",
                "volume": 7,
                "badge": 1,
                "call": "1",
                "autoCopy": "1",
                "copy": "c",
                "sound": "minuet",
                "icon": "https://example.com/i.png",
                "image": "https://example.com/j.png",
                "group": "mc",
                "url": "https://example.com/",
                "action": "none",
                "id": "7",
                "delete": "1",
                "isArchive": "1",
                "markdown": true
            }
        },
        {
            "enabled": false,
            "name": "",
            "type": "webhook",
            "url": "",
            "headers": {},
            "timeout": "5s",
            "retry_times": 0,
            "bark": {}
        }
    ]
}`

describe('a notification block written for the fork', () => {
  const { notification } = parseConfig(
    `{ "servers": [{}], "notification": ${BLOCK_OF_THE_FORK} }`,
    'config.json',
    {},
  )

  it('works unchanged', () => {
    const { endpoints, warnings } = resolveEndpoints(notification)
    assert.deepEqual(warnings, [])
    assert.equal(notification.language, 'zh_cn')
    assert.deepEqual(
      endpoints.map(({ key, provider, enabled, target, timeoutMs, retry }) => [
        key,
        provider.type,
        enabled,
        target.url,
        timeoutMs,
        retry.delaysMs.length,
      ]),
      [
        ['default', 'webhook', true, 'https://example.com/hook', 5000, 1],
        ['手机', 'bark', true, 'https://api.day.app/push', 60_000, 3],
        ['', 'webhook', false, '', 5000, 0],
      ],
    )
    assert.deepEqual(endpoints[1]?.target.headers, { Authorization: 'Bearer t0ken' })
    assert.partialDeepStrictEqual(endpoints[1]?.target.options, {
      device_key: 'abc',
      volume: 7,
      markdown: true,
      level: 'timeSensitive',
    })
  })

  it('may name events by member or by value, and types in any case', () => {
    const block = {
      events: ['BACKUP_START', 'restore_failure'],
      endpoints: [{ type: 'Bark', url: 'https://api.day.app/k' }],
    }
    const { events, endpoints } = parse({ servers: [{}], notification: block }).notification
    assert.deepEqual(events, ['backup_start', 'restore_failure'])
    assert.equal(endpoints[0]?.type, 'bark')
  })

  it('is refused where the fork refuses it, in its words', () => {
    const endpoint = { name: 'n', url: 'https://example.com/' }
    const table: [object, string][] = [
      [{ type: 'x' }, "bad notification endpoint type 'x'"],
      [{ url: '' }, "notification endpoint 'n' is enabled but URL is empty"],
      [{ timeout: '0.5s' }, "notification endpoint 'n' timeout is too short: 0.5s (min 1s)"],
      [{ timeout: '120s' }, "notification endpoint 'n' timeout is too long: 120s (max 60s)"],
      [{ retry_times: -1 }, "notification endpoint 'n' retry_times is negative: -1"],
      [{ retry_times: 10 }, "notification endpoint 'n' retry_times is too large: 10 (max 3)"],
      [{ events: ['x'] }, "'x' is not a valid NotificationEvent"],
      [{ events: [1] }, 'bad notification event'],
    ]
    for (const [fault, words] of table) {
      const faults = faultsOf(withEndpoint({ ...endpoint, ...fault }))
      assert.equal(faults.length, 1, words)
      assert.ok(faults[0]?.includes(words), `${faults[0]} says "${words}"`)
    }
  })
})

describe('a variable of the environment', () => {
  it('is replaced in any text, as often as it stands there', () => {
    const config = {
      servers: [{ name: `\${A}-\${B}\${A}`, minecraft: { joinCommands: [`/login \${A}`] } }],
      notification: {
        endpoints: [{ url: `https://\${A}/`, headers: { X: `\${B}` }, bark: { device_keys: [`\${A}`] } }],
      },
    }
    const { servers, notification } = parse(config, { A: 'aa', B: `b$&\${A}` })
    assert.equal(servers[0]?.name, `aa-b$&\${A}aa`)
    assert.deepEqual(servers[0]?.minecraft?.joinCommands, ['/login aa'])
    const [endpoint] = notification.endpoints
    assert.equal(endpoint?.url, 'https://aa/')
    assert.deepEqual(endpoint?.headers, { X: `b$&\${A}` })
  })

  it('is checked after it was replaced', () => {
    const config = withServer({ minecraft: { version: `\${V}` } })
    assert.equal(parse(config, { V: '1.21.4' }).servers[0]?.minecraft?.version, '1.21.4')
    assert.match(
      faultsOf(config, { V: 'newest' })[0] ?? '',
      /^servers\[0\]\.minecraft\.version: .* is no version/,
    )
  })

  it('may be set to nothing', () => {
    assert.deepEqual(
      parse(withEndpoint({ enabled: false, url: `\${E}` }), { E: '' }).notification.endpoints[0]?.url,
      '',
    )
  })

  it('is not what begins with two dollars, which stand for one, nor any other dollar', () => {
    const nameOf = (name: string) => parse(withServer({ name }), { A: 'x' }).servers[0]?.name
    assert.equal(nameOf(`$A {A} $$ $ {A} \${`), `$A {A} $$ $ {A} \${`)
    assert.equal(nameOf(`$\${A} \${A}$\${B}`), `\${A} x\${B}`)
  })

  it('has a name of letters, digits and _', () => {
    for (const name of ['', '1', 'A-B', 'A:-x', 'Ä']) {
      const [fault = '', ...more] = faultsOf(withServer({ name: `\${${name}}` }))
      assert.deepEqual(more, [])
      assert.match(
        fault,
        /^servers\[0\]\.name: what stands in "\$\{…\}" is no name of an environment variable; write /,
      )
    }
  })

  it('that is unset is an error that names it, each place once, and hides no other fault', () => {
    const remedy = 'set it before the bridge starts, or write the value itself'
    const faults = faultsOf(
      {
        servers: [{ minecraft: { version: `\${UNSET}`, port: 0, joinCommands: ['/a', `/login \${LOGIN}`] } }],
        notification: { enabled: true, endpoints: [{ url: `\${UNSET}`, headers: { A: `Bearer \${T}` } }] },
      },
      { LOGIN_: 'x' },
    )
    assert.deepEqual(faults, [
      `servers[0].minecraft.version: the environment variable UNSET is not set; ${remedy}`,
      `servers[0].minecraft.joinCommands[1]: the environment variable LOGIN is not set; ${remedy}`,
      `notification.endpoints[0].url: the environment variable UNSET is not set; ${remedy}`,
      `notification.endpoints[0].headers.A: the environment variable T is not set; ${remedy}`,
      'servers[0].minecraft.port: 0 is too small; write at least 1',
    ])
  })
})

describe('a fault', () => {
  it('names the place, the value and what to write instead', () => {
    const minecraft = (fault: object) => withServer({ minecraft: fault })
    const commands = (fault: object) => withServer({ commands: fault })
    const table: [unknown, string][] = [
      [null, 'the config: null is of the wrong type; write a block: { … }'],
      [[], 'the config: a list is of the wrong type; write a block: { … }'],
      [{}, 'servers: is missing; write a list: [ … ]'],
      [{ servers: [] }, 'servers: a list is empty; write at least one server'],
      [{ servers: {} }, 'servers: a block is of the wrong type; write a list: [ … ]'],
      [{ servers: ['mc.example.com'] }, 'servers[0]: a text is of the wrong type; write a block: { … }'],
      [{ servers: [7] }, 'servers[0]: a number is of the wrong type; write a block: { … }'],
      [withServer({ name: '' }), 'servers[0].name: "" is empty; write a name, for example "survival"'],
      [withServer({ name: 5 }), 'servers[0].name: 5 is of the wrong type; write a text in double quotes'],
      [
        withServer({ name: 'n'.repeat(65) }),
        `servers[0].name: "${'n'.repeat(58)}… is too large; write at most 64 characters`,
      ],
      [
        minecraft({ host: 'mc.example.com:25566' }),
        'servers[0].minecraft.host: "mc.example.com:25566" is no address; write it alone, and the port in minecraft.port',
      ],
      [
        minecraft({ username: 'steve@example.com' }),
        'servers[0].minecraft.username: "steve@example.com" is too long for a player; write 1 to 16 letters, digits or _',
      ],
      [
        minecraft({ port: '25565' }),
        'servers[0].minecraft.port: "25565" is of the wrong type; write a number',
      ],
      [minecraft({ port: 1.5 }), 'servers[0].minecraft.port: 1.5 is of the wrong type; write a whole number'],
      [minecraft({ port: 65_536 }), 'servers[0].minecraft.port: 65536 is too large; write at most 65535'],
      [
        minecraft({ auth: 'mojang' }),
        'servers[0].minecraft.auth: "mojang" is not allowed; write "offline" or "microsoft"',
      ],
      [
        minecraft({ version: 'latest' }),
        'servers[0].minecraft.version: "latest" is no version; write "auto" or one such as "1.21.4"',
      ],
      [
        minecraft({ username: 'a b' }),
        'servers[0].minecraft.username: "a b" is no name; write 1 to 16 letters, digits or _ (for microsoft: the account’s e-mail address)',
      ],
      [
        minecraft({ joinCommands: ['/a', ''] }),
        'servers[0].minecraft.joinCommands[1]: (hidden) is too small; write at least 1 characters',
      ],
      [
        minecraft({ joinCommands: '/login hunter2' }),
        'servers[0].minecraft.joinCommands: a text is of the wrong type; write a list: [ … ]',
      ],
      [
        commands({ prefix: '!! pb' }),
        'servers[0].commands.prefix: "!! pb" is no prefix; write Prime Backup\'s command prefix without spaces, for example "!!pb"',
      ],
      [
        commands({ reply: 'whisper' }),
        'servers[0].commands.reply: "whisper" is not allowed; write "auto" or "tellraw" or "tell" or "public"',
      ],
      [
        commands({ mcdrPermissions: '' }),
        'servers[0].commands.mcdrPermissions: "" is no path; write that of the file, or null',
      ],
      [
        commands({ opsJson: [] }),
        'servers[0].commands.opsJson: a list is of the wrong type; write a text in double quotes',
      ],
      [commands({ level: 5 }), 'servers[0].commands.level: 5 is too large; write at most 4'],
      [
        commands({ level: 'admin' }),
        'servers[0].commands.level: "admin" is of the wrong type; write a number',
      ],
      [
        commands({ cooldown: '10' }),
        'servers[0].commands.cooldown: "10" is no duration; write a number and a unit, for example "10s" (units: ms, s, m, h, d, mon, y)',
      ],
      [
        commands({ cooldown: -1 }),
        'servers[0].commands.cooldown: -1 is no duration; write a number and a unit, for example "10s" (units: ms, s, m, h, d, mon, y)',
      ],
      [commands({ cooldown: '2h' }), 'servers[0].commands.cooldown: "2h" is too long; write "0s" to "1h"'],
      [
        commands({ cooldown: true }),
        'servers[0].commands.cooldown: true is of the wrong type; write a text or a number',
      ],
      [
        commands({ chatPatterns: ['(?<player>.*'] }),
        'servers[0].commands.chatPatterns[0]: "(?<player>.*" is no regular expression: Unterminated group',
      ],
      [
        commands({ chatPatterns: ['<(.*)> (.*)'] }),
        'servers[0].commands.chatPatterns[0]: "<(.*)> (.*)" has no groups of these names; write (?<player>…) and (?<message>…)',
      ],
      [
        withServer({ lifecycle: { backupDeadline: '30s' } }),
        'servers[0].lifecycle.backupDeadline: "30s" is too short; write "1m" to "7d"',
      ],
      [
        { servers: [{}], notification: { language: 'de_de' } },
        'notification.language: "de_de" is not allowed; write "en_us" or "zh_cn"',
      ],
      [
        { servers: [{}], notification: { enabled: 'yes' } },
        'notification.enabled: "yes" is of the wrong type; write true or false',
      ],
      [
        withEndpoint({ url: 'https://example.com/', servers: ['minecraft', 'nether'] }),
        'notification.endpoints[0].servers[1]: "nether" names no server of this config; write one of "minecraft"',
      ],
      [
        withEndpoint({ type: 'bark', bark: { device_key: 'k', level: 'loud' } }),
        'notification.endpoints[0].bark.level: "loud" is no level of Bark; write one of critical, active, timeSensitive, passive',
      ],
      [
        withEndpoint({ type: 'bark', bark: { device_key: 'k', sound: true } }),
        'notification.endpoints[0].bark.sound: true is neither text nor number; write null for none',
      ],
      [
        withEndpoint({ type: 'bark', bark: 'kkkkkkkkkkkk' }),
        'notification.endpoints[0].bark: a text is of the wrong type; write a block: { … }',
      ],
      [
        withEndpoint({ url: 'ftp://example.com/hunter2' }),
        "notification.endpoints[0].url: notification endpoint 'default' has a URL that is none; write one that begins with https:// or http://",
      ],
      [
        { servers: [{}], log: { level: 'verbose' } },
        'log.level: "verbose" is not allowed; write "debug" or "info" or "warn" or "error" or "silent"',
      ],
      [{ servers: [{}], state: { dir: '' } }, 'state.dir: "" is empty; write the path of a folder'],
    ]
    for (const [config, fault] of table) assert.deepEqual(faultsOf(config), [fault])
  })

  it('hides what stands where secrets stand, be it a number', () => {
    const endpoint = (fault: object) => withEndpoint({ enabled: false, ...fault })
    const table: [unknown, string][] = [
      [withServer({ minecraft: { joinCommands: [4711] } }), 'servers[0].minecraft.joinCommands[0]'],
      [endpoint({ url: 4711 }), 'notification.endpoints[0].url'],
      [endpoint({ proxy: 4711 }), 'notification.endpoints[0].proxy'],
      [endpoint({ headers: { Authorization: 4711 } }), 'notification.endpoints[0].headers.Authorization'],
      [endpoint({ bark: { device_keys: 4711 } }), 'notification.endpoints[0].bark.device_keys'],
      [endpoint({ bark: { device_key: true } }), 'notification.endpoints[0].bark.device_key'],
      [endpoint({ serverchan: { sendkey: true } }), 'notification.endpoints[0].serverchan.sendkey'],
      [endpoint({ serverchan: { openid: true } }), 'notification.endpoints[0].serverchan.openid'],
    ]
    for (const [config, place] of table) {
      const [fault = '', ...more] = faultsOf(config)
      assert.deepEqual(more, [])
      assert.ok(fault.startsWith(`${place}: (hidden) is `), fault)
    }
  })

  it('of an unknown key names the nearest known one, or all', () => {
    const table: [unknown, string][] = [
      [{ servers: [{}], sevrers: [] }, 'sevrers: unknown key; did you mean "servers"?'],
      [{ servers: [{}], notifications: {} }, 'notifications: unknown key; did you mean "notification"?'],
      [withServer({ minecaft: {} }), 'servers[0].minecaft: unknown key; did you mean "minecraft"?'],
      [
        withServer({ minecraft: { hots: '' } }),
        'servers[0].minecraft.hots: unknown key; did you mean "host"?',
      ],
      [
        withServer({ commands: { operator: [] } }),
        'servers[0].commands.operator: unknown key; did you mean "operators"?',
      ],
      [
        withServer({ lifecycle: { BACKUPDEADLINE: 1 } }),
        'servers[0].lifecycle.BACKUPDEADLINE: unknown key; did you mean "backupDeadline"?',
      ],
      [
        withEndpoint({ url: 'https://example.com/', retryTimes: 1 }),
        'notification.endpoints[0].retryTimes: unknown key; did you mean "retry_times"?',
      ],
      [
        withEndpoint({ type: 'bark', bark: { device_key: 'k', autocopy: '1' } }),
        'notification.endpoints[0].bark.autocopy: unknown key; did you mean "autoCopy"?',
      ],
      [
        withEndpoint({ type: 'serverchan', serverchan: { sendkey: 'k', sendKey: 'k' } }),
        'notification.endpoints[0].serverchan.sendKey: unknown key; did you mean "sendkey"?',
      ],
      [
        withServer({ permissions: {} }),
        'servers[0].permissions: unknown key; known here: name, minecraft, mcdr, primeBackup, timeZone, commands, lifecycle, watch',
      ],
      [{ servers: [{}], log: { file: 'x' } }, 'log.file: unknown key; known here: level'],
    ]
    for (const [config, fault] of table) assert.deepEqual(faultsOf(config), [fault])
  })

  it('does not hide another: all are told at once, also beside a wrong type', () => {
    const faults = faultsOf({
      servers: [
        {
          name: 3,
          minecraft: { port: 'x', version: 'x', username: 'x'.repeat(17), color: 1 },
          commands: { cooldown: 'x', chatPatterns: ['('] },
          lifecycle: { restoreDeadline: false },
        },
        { name: 'b', minecraft: [] },
        { name: 'b' },
      ],
      notification: {
        language: 'x',
        events: ['x', 'backup_start', 4],
        endpoints: [
          {
            name: 'n',
            type: 'carrier pigeon',
            url: '',
            timeout: '2min',
            retry_times: 9,
            proxy: 'x',
            headers: { 'a b': 'x', c: 1 },
            servers: ['c'],
            events: ['x'],
            bark: { level: 'x', volume: 'x', devicekey: 'x' },
            extra: true,
          },
          'x',
          { timeout: 'x', url: 'https://example.com/' },
        ],
      },
      state: { dir: 1 },
      log: { level: 'x' },
      extra: 1,
    })
    const places = faults.map(fault => fault.split(': ')[0])
    const endpoint = 'notification.endpoints[0]'
    assert.deepEqual(
      places.sort(),
      [
        'servers[0].name',
        'servers[0].minecraft.port',
        'servers[0].minecraft.version',
        'servers[0].minecraft.username',
        'servers[0].minecraft.color',
        'servers[0].commands.cooldown',
        'servers[0].commands.chatPatterns[0]',
        'servers[0].lifecycle.restoreDeadline',
        'servers[1].minecraft',
        'servers[2].name',
        'notification.language',
        'notification.events[0]',
        'notification.events[2]',
        `${endpoint}.type`,
        `${endpoint}.url`,
        `${endpoint}.timeout`,
        `${endpoint}.retry_times`,
        `${endpoint}.proxy`,
        `${endpoint}.headers`,
        `${endpoint}.headers.c`,
        `${endpoint}.servers[0]`,
        `${endpoint}.events[0]`,
        `${endpoint}.bark.level`,
        `${endpoint}.bark.volume`,
        `${endpoint}.bark.devicekey`,
        `${endpoint}.extra`,
        'notification.endpoints[1]',
        'notification.endpoints[2].timeout',
        'state.dir',
        'log.level',
        'extra',
      ].sort(),
    )
    for (const fault of faults)
      assert.match(fault, /; (write|did you mean|known here)|: Unterminated group$/, fault)
  })

  it('of the JSON names line and column', () => {
    const table: [string, string][] = [
      ['', 'line 1, column 1: a value is expected; after the last entry there must be no comma'],
      ['{\n  "servers": [{}]\n  "log": {}\n}', 'line 3, column 3: a comma is missing before this'],
      ['{\r\n  "servers": [{}]\r\n  "log": {}\r\n}', 'line 3, column 3: a comma is missing before this'],
      [
        '{\n  "servers": [{}],\n}',
        'line 3, column 1: a key in double quotes is expected; after the last entry there must be no comma',
      ],
      [
        '{ "servers": [{},] }',
        'line 1, column 18: a value is expected; after the last entry there must be no comma',
      ],
      ['{ "servers" [{}] }', 'line 1, column 13: a colon is missing before this'],
      ['{ "servers": [{}', 'line 1, column 17: a "]" is missing'],
      ['{ "servers": [{}]', 'line 1, column 18: a "}" is missing'],
      ['{ "servers": [{}] } }', 'line 1, column 21: there is more text after the end of the JSON'],
      ['{ "servers": yes }', 'line 1, column 14: this is no JSON value; texts stand in double quotes'],
      ['{ "state": "a }', 'line 1, column 12: a closing double quote is missing'],
      ['{ "dir": "C:\\data" }', 'line 1, column 10: a backslash in a text is written twice (\\\\)'],
      ['{ "dir": "\\u12" }', 'line 1, column 10: four hexadecimal digits must follow \\u'],
      [
        '{ "dir": "a\tb" }',
        'line 1, column 10: a line break or another control character stands in a text; write it as \\n, \\t …',
      ],
      ['{ "port": 1. }', 'line 1, column 11: a digit is missing in this number'],
      ['{ "servers": [{}] } /* x', 'line 1, column 21: the end of a comment, "*/", is missing'],
    ]
    for (const [text, fault] of table) {
      assert.deepEqual(errorOf(() => parseConfig(text, 'x', {})).faults, [fault], text)
      const withMark = errorOf(() => parseConfig(`\uFEFF${text}`, 'x', {}))
      assert.deepEqual(withMark.faults, [fault], `${text} behind a byte order mark`)
    }
  })

  it('of a key that stands twice in a block is told with its place, beside all others', () => {
    const text = '{\n "servers": [{ "name": "a", "name": "b" }, { "name": "c" }],\n "servers": []\n}'
    assert.deepEqual(errorOf(() => parseConfig(text, 'x', {})).faults, [
      'line 2, column 29: the key "name" stands here a second time; put both blocks together',
      'line 3, column 2: the key "servers" stands here a second time; put both blocks together',
      'servers: a list is empty; write at least one server',
    ])
  })

  it('stands below the name of the file, one a line', () => {
    const { message } = errorOf(() => parseConfig('{"servers":[],"x":1}', 'my.json', {}))
    assert.equal(
      message,
      'my.json: 2 faults\n  servers: a list is empty; write at least one server\n  x: unknown key; known here: servers, notification, state, log',
    )
    assert.match(
      errorOf(() => parseConfig('{}', 'my.json', {})).message,
      /^my\.json: one fault\n {2}servers: /,
    )
  })
})

/** Where secrets stand, for eight of them. */
function secretConfig([a, b, c, d, e, f, g, h]: string[]): object {
  return {
    servers: [
      { name: 'survival', minecraft: { joinCommands: [`/login ${a}`] }, commands: {}, lifecycle: {} },
    ],
    notification: {
      enabled: true,
      endpoints: [
        {
          name: 'hook',
          type: 'webhook',
          url: `https://example.com/${b}?token=${c}`,
          headers: { Authorization: `Bearer ${d}` },
          proxy: `http://user:${e}@proxy:3128`,
        },
        { name: 'phone', type: 'bark', bark: { device_key: f, device_keys: [f, g] } },
        { name: 'wechat', type: 'serverchan', servers: ['survival'], serverchan: { sendkey: h, openid: h } },
      ],
    },
  }
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Place = { parent: Json[] | { [key: string]: Json }; key: string }

function placesOf(node: Json): Place[] {
  if (typeof node !== 'object' || node === null) return []
  const parent = node
  return Object.entries(parent).flatMap(([key, child]) => [{ parent, key }, ...placesOf(child)])
}

function valueAt({ parent, key }: Place): Json {
  return (parent as { [key: string]: Json })[key] ?? null
}

function put({ parent, key }: Place, value: Json) {
  ;(parent as { [key: string]: Json })[key] = value
}

function textIn(node: Json): Json {
  return (
    placesOf([node])
      .map(valueAt)
      .find(value => typeof value === 'string') ?? ''
  )
}

/** What people do to a config: `place` becomes something else, of which a secret may well be part. */
const FAULTS: ((place: Place) => void)[] = [
  place => put(place, null),
  place => put(place, -1),
  place => put(place, true),
  place => put(place, ''),
  place => put(place, 'x y'),
  place => put(place, []),
  place => put(place, [valueAt(place)]),
  place => put(place, { value: valueAt(place) }),
  place => put(place, JSON.stringify(valueAt(place))),
  place => put(place, textIn(valueAt(place))),
  place => put(place, `${textIn(valueAt(place))}\n`),
  ({ parent, key }) => put({ parent, key: `${key}x` }, valueAt({ parent, key })),
]

// fast-check likes the names of properties; a word that a message has of its own gives nothing away.
const secret = fc.stringMatching(/^[A-Za-z0-9]{12,24}$/).filter(text => !/propert|prototyp/i.test(text))
const eightSecrets = fc.array(secret, { minLength: 8, maxLength: 8 })
const faults = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...FAULTS)), { minLength: 1, maxLength: 6 })

/** No part of a secret that somebody could use may be seen, in whatever case. */
function assertHidden(text: string, secrets: readonly string[]) {
  const seen = text.toLowerCase()
  for (const secret of secrets) {
    for (let at = 0; at + 8 <= secret.length; at++) {
      const part = secret.slice(at, at + 8).toLowerCase()
      assert.ok(!seen.includes(part), `${part} of ${secret} is seen in: ${text}`)
    }
  }
}

describe('a secret', () => {
  it('is never shown, whatever is wrong with the config around it', () => {
    let faulty = 0
    fc.assert(
      fc.property(eightSecrets, faults, (secrets, changes) => {
        const config = secretConfig(secrets) as Json
        for (const [number, change] of changes) {
          const places = placesOf(config)
          const place = places[number % places.length]
          if (place) change(place)
        }
        try {
          parse(config)
        } catch (error) {
          assert.ok(error instanceof ConfigError, String(error))
          faulty++
          assertHidden(error.message, secrets)
        }
      }),
      { numRuns: 2000 },
    )
    assert.ok(faulty > 1000, `only ${faulty} configs had a fault`)
  })

  it('from the environment is never shown, wherever it is used', () => {
    const value = fc
      .tuple(secret, fc.constantFrom('', ' ', '"', '\\', '\n', "'", '中', '€'))
      .map(([core, odd]) => ({ core, value: core + odd + core }))
    let faulty = 0
    fc.assert(
      fc.property(
        value,
        fc.nat(),
        faults,
        fc.constantFrom(`\${S}`, `x \${S}`, `\${S}\${S}`),
        (made, at, changes, text) => {
          const config = {
            servers: [
              {
                name: 'survival',
                minecraft: {
                  host: 'a',
                  username: 'a',
                  auth: 'offline',
                  version: 'auto',
                  joinCommands: ['/a'],
                },
                commands: {
                  prefix: '!!pb',
                  operators: ['a'],
                  cooldown: '1s',
                  reply: 'auto',
                  chatPatterns: ['(?<player>a)(?<message>b)'],
                },
                lifecycle: { backupDeadline: '1h' },
              },
              { name: 'creative' },
            ],
            notification: {
              language: 'en_us',
              events: ['backup_start'],
              endpoints: [
                {
                  name: 'hook',
                  type: 'bark',
                  url: 'https://example.com/',
                  timeout: '1s',
                  language: 'zh_cn',
                  servers: ['survival'],
                  events: ['backup_start'],
                  proxy: 'http://a:1',
                  headers: { A: 'a' },
                  bark: { device_key: 'a', level: 'active', volume: '1', markdown: 'a' },
                },
              ],
            },
            state: { dir: 'a' },
            log: { level: 'info' },
          } as Json
          for (const [number, change] of changes) {
            const places = placesOf(config)
            const place = places[number % places.length]
            if (place) change(place)
          }
          const texts = placesOf(config).filter(place => typeof valueAt(place) === 'string')
          const place = texts[at % texts.length]
          if (place) put(place, text)
          try {
            parse(config, { S: made.value })
          } catch (error) {
            assert.ok(error instanceof ConfigError, String(error))
            faulty++
            assertHidden(error.message, [made.core])
          }
        },
      ),
      { numRuns: 2000 },
    )
    assert.ok(faulty > 1000, `only ${faulty} configs had a fault`)
  })

  it('is not shown where the JSON ends too early, or has a letter too many', () => {
    fc.assert(
      fc.property(
        eightSecrets,
        fc.nat(),
        fc.constantFrom('', '"', '}', ',', '\\', '\n', 'x'),
        (secrets, at, odd) => {
          const text = JSON.stringify(secretConfig(secrets), null, 2)
          const cut = at % text.length
          for (const broken of [text.slice(0, cut) + odd, text.slice(0, cut) + odd + text.slice(cut)]) {
            try {
              parseConfig(broken, 'config.json', {})
            } catch (error) {
              assert.ok(error instanceof ConfigError, String(error))
              assertHidden(error.message, secrets)
            }
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('a config file', () => {
  function inFolder(check: (folder: string) => void) {
    const folder = mkdtempSync(join(tmpdir(), 'pb-bridge-'))
    try {
      check(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it('is what its relative paths are relative to, wherever the bridge was started', () => {
    inFolder(folder => {
      const file = join(folder, 'config.json')
      const dirOf = (config: object, name = file) => {
        writeFileSync(file, JSON.stringify({ servers: [{}], ...config }))
        return loadConfig(name, {}).state.dir
      }
      assert.equal(dirOf({}), join(folder, 'data'))
      assert.equal(dirOf({}, relative(process.cwd(), file)), join(folder, 'data'))
      assert.equal(dirOf({ state: { dir: '../kept' } }), join(folder, '../kept'))
      assert.equal(dirOf({ state: { dir: '/var/lib/pb' } }), '/var/lib/pb')
    })
  })

  it('that can’t be read is a fault with its remedy', () => {
    inFolder(folder => {
      const missing = errorOf(() => loadConfig(join(folder, 'none.json'), {}))
      assert.deepEqual(missing.faults, [
        'there is no such file; make one with pb-bridge init, or name another with --config',
      ])
      assert.match(missing.message, /none\.json: one fault\n/)
      const isFolder = errorOf(() => loadConfig(folder, {}))
      assert.deepEqual(isFolder.faults, ['this is a folder; name the file in it'])
    })
  })
})
