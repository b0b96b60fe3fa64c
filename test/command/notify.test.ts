import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createNotifyCommand, parseCommand, testEvent } from '../../src/command/notify.ts'
import { commandsSchema } from '../../src/command/permission.ts'
import type { Line } from '../../src/command/reply.ts'
import { createRoster } from '../../src/command/roster.ts'
import type { Status } from '../../src/command/status.ts'
import { createAttempt } from '../../src/delivery/attempt.ts'
import { notificationSchema, resolveEndpoints } from '../../src/delivery/endpoint.ts'
import type { Http } from '../../src/delivery/http.ts'
import { createTester, type Tester } from '../../src/delivery/tester.ts'
import { EVENT_NAMES } from '../../src/event.ts'
import type { Language } from '../../src/language.ts'
import { manifest } from '../../src/manifest.ts'
import { fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'

const STEVE = { uuid: '069a79f4-44e9-4726-a5be-fca90e38aaf5', name: 'Steve' }
const ALEX = { uuid: 'ec561538-f3fd-461d-aff5-086b22154bce', name: 'Alex' }
const EVE = { uuid: '00000000-0000-4000-8000-00000000000e', name: 'Eve' }

type Setting = {
  commands?: object
  endpoints?: object[]
  enabled?: boolean
  language?: Language
  /** Answers the requests to each host, after so many milliseconds. */
  hosts?: { [host: string]: { status?: number; body?: string; tookMs?: number } }
  tester?: Tester
  status?: Partial<Status>
}

const STATUS: Status = {
  bot: 'in',
  log: 'read',
  lastSuccessAt: null,
  failures: 0,
  schedule: { dueAt: null, said: false, paused: false },
  waiting: 0,
  dead: 0,
  paused: [],
  muted: [],
}

function setUp({
  commands,
  endpoints = [A],
  enabled = true,
  language = 'en_us',
  hosts,
  tester,
  status,
}: Setting = {}) {
  const mutes: { endpoint: string | undefined; until: number | null }[] = []
  const clock = fakeClock()
  const log = fakeLog()
  const said: { player: string; line: Line }[] = []
  const payloads: Record<string, unknown>[] = []
  const http: Http = {
    send: async ({ url, body = '' }) => {
      payloads.push(JSON.parse(body))
      const { status = 200, body: answer = '', tookMs = 0 } = hosts?.[new URL(url).host] ?? {}
      if (tookMs > 0) await clock.sleep(tookMs)
      return { type: 'answer', answer: { status, headers: {}, body: answer } }
    },
    close: async () => {},
  }
  const block = notificationSchema.parse({ enabled: true, endpoints })
  const parsed = commandsSchema.parse({ operators: ['Steve', ALEX.uuid], ...commands })
  const command = createNotifyCommand(
    {
      server: 'survival',
      commands: parsed,
      language,
      enabled: () => enabled,
      manifest,
    },
    {
      tester:
        tester ??
        createTester({
          endpoints: resolveEndpoints(block).endpoints,
          attempt: createAttempt({ http, clock }),
          clock,
          plugin: manifest,
        }),
      roster: createRoster(parsed, { log }),
      clock,
      log,
      send: (player, line) => said.push({ player, line }),
      status: () => ({ ...STATUS, ...status }),
      muting: {
        known: () => ['a', 'my phone'],
        mute: (endpoint, until) => {
          mutes.push({ endpoint, until })
          return endpoint === undefined ? ['a', 'my phone'] : [endpoint]
        },
      },
    },
  )
  return {
    mutes,
    clock,
    log,
    payloads,
    said,
    /** The texts said since the last look. */
    texts: () => said.splice(0).map(({ line }) => line.text),
    hear: (player: { uuid?: string; name?: string }, words: string) => command.hear({ player, words }),
  }
}

const A = { name: 'a', url: 'http://a/', retry_times: 0 }
const SENT = [
  'Sending test notification (event: backup_success)...',
  '✓ a - Success (took: 0.00s)',
  'Summary: 1/1 endpoints succeeded, total time: 0.00s',
]

describe('the words of a player', () => {
  it('are the bridge’s when they are its command, and are left to Prime Backup otherwise', () => {
    const test = (event: string) => ({ type: 'test', event })
    const table: [string, unknown][] = [
      ['test notify', test('backup_success')],
      ['test notify restore_failure', test('restore_failure')],
      ['test   notify\tbackup_start', test('backup_start')],
      ['test notify nonsense', test('nonsense')],
      ['test', { type: 'help' }],
      ['test help', { type: 'help' }],
      ['', undefined],
      ['make test notify', undefined],
      ['testnotify', undefined],
      ['test notify backup_start now', test('backup_start now')],
      ['test other', undefined],
      ['notify', { type: 'help' }],
      ['notify me', { type: 'help' }],
      ['notify status', { type: 'status' }],
      ['notify mute', { type: 'help' }],
      ['notify mute 2h', { type: 'mute', duration: '2h', endpoint: undefined }],
      ['notify mute 2h my phone', { type: 'mute', duration: '2h', endpoint: 'my phone' }],
      ['notify unmute', { type: 'unmute', endpoint: undefined }],
      ['notify unmute my phone', { type: 'unmute', endpoint: 'my phone' }],
      ['notifystatus', undefined],
      ['Test Notify', undefined],
      ['help', undefined],
    ]
    for (const [words, command] of table) assert.deepEqual(parseCommand(words), command, words)
  })

  it('that are not the bridge’s are not answered, and cost nobody anything', async () => {
    const { hear, texts, clock, log } = setUp()
    for (const words of ['', 'make hello', 'back', 'test other']) {
      hear(STEVE, words)
      hear(EVE, words)
    }
    await clock.advance(0)
    assert.deepEqual(texts(), [])
    assert.deepEqual(log.lines, [])
    hear(STEVE, 'test notify')
    await clock.advance(0)
    assert.deepEqual(texts(), SENT)
  })
})

describe('a test notification', () => {
  it('goes to every enabled endpoint, and is answered in the order of the config as results come', async () => {
    const { hear, texts, clock, said, payloads } = setUp({
      endpoints: [
        { name: 'slow', url: 'http://slow/', retry_times: 0 },
        { name: 'wrong', url: 'http://wrong/', retry_times: 0 },
        { name: 'off', url: 'http://off/', enabled: false },
        { name: 'quiet', url: 'http://quiet/', events: ['restore_failure'] },
      ],
      hosts: { slow: { tookMs: 120 }, wrong: { status: 401 } },
    })
    hear(STEVE, 'test notify')
    assert.deepEqual(texts(), ['Sending test notification (event: backup_success)...'])
    await clock.advance(119)
    assert.deepEqual(texts(), [])
    assert.equal(payloads.length, 3)
    await clock.advance(1)
    assert.deepEqual(
      said.map(({ player }) => player),
      Array(5).fill('Steve'),
    )
    assert.deepEqual(texts(), [
      '✓ slow - Success (took: 0.12s)',
      '✗ wrong - Failed: HTTP 401: Unauthorized → check the key or token, and that it may send',
      '- off - Skipped: it is disabled in the config',
      '✓ quiet - Success (took: 0.00s) (not subscribed to this event otherwise)',
      'Summary: 2/3 endpoints succeeded, total time: 0.12s',
    ])
  })

  it('says that it is a test, and who asked', async () => {
    const { hear, clock, payloads } = setUp({
      language: 'zh_cn',
      endpoints: [A, { ...A, name: 'b', language: 'zh_cn' }],
    })
    hear(ALEX, 'test notify restore_failure')
    await clock.advance(0)
    assert.equal(payloads.length, 2)
    for (const payload of payloads) {
      assert.partialDeepStrictEqual(payload, {
        event: 'restore_failure',
        message: 'manual_test',
        operator: { type: 'player', name: 'Alex', full: 'player:Alex' },
        source: { type: 'player', name: 'Alex' },
        server: { running: true, name: 'survival' },
        timestamp: { unix: clock.now() / 1000 },
      })
      assert.equal(payload.backup, undefined)
    }
    assert.match(String(payloads[0]?.title), /^\[TEST\] /)
    assert.match(String(payloads[1]?.title), /^\[测试\]/)
  })

  it('is answered in the language of the notifications', async () => {
    const { hear, texts, clock } = setUp({ language: 'zh_cn' })
    hear(STEVE, 'test notify')
    await clock.advance(0)
    assert.deepEqual(texts(), [
      '正在发送测试通知（事件：backup_success）...',
      '✓ a - 成功 (耗时: 0.00s)',
      '总计: 1/1 个端点成功, 总耗时: 0.00s',
    ])
  })

  it('has an id that no other has', () => {
    const ids = new Set(
      Array.from({ length: 100 }, () =>
        testEvent('backup_start', 's', { type: 'player', name: 'x' }, 0, true),
      ).flatMap(({ id, taskId }) => [id, taskId]),
    )
    assert.equal(ids.size, 200)
  })

  it('of each of the six events can be had', async () => {
    const { hear, clock, payloads } = setUp()
    for (const name of EVENT_NAMES) {
      hear(STEVE, `test notify ${name}`)
      await clock.advance(10_000)
    }
    assert.deepEqual(
      payloads.map(({ event }) => event),
      [...EVENT_NAMES],
    )
  })

  it('of an unknown event is answered with the six, and not sent', async () => {
    const { hear, texts, clock, payloads } = setUp()
    hear(STEVE, 'test notify backup')
    await clock.advance(0)
    assert.deepEqual(texts(), [`Unknown event "backup"; write one of: ${EVENT_NAMES.join(', ')}`])
    assert.deepEqual(payloads, [])
  })

  it('is not sent while notifications are off, and that is said', async () => {
    const { hear, texts, clock, payloads } = setUp({ enabled: false })
    hear(STEVE, 'test notify')
    await clock.advance(0)
    assert.deepEqual(texts(), ['Notification is disabled or no endpoint configured'])
    assert.deepEqual(payloads, [])
  })

  it('waits for the one before it', async () => {
    const { hear, texts, clock, payloads } = setUp({ hosts: { a: { tookMs: 3000 } } })
    hear(STEVE, 'test notify')
    hear(ALEX, 'test notify')
    await clock.advance(2999)
    assert.deepEqual(texts(), [
      'Sending test notification (event: backup_success)...',
      'A test is already running',
    ])
    await clock.advance(10_000)
    texts()
    hear(ALEX, 'test notify')
    await clock.advance(3000)
    assert.equal(texts().length, 3)
    assert.equal(payloads.length, 2)
  })

  it('that breaks is logged, and the next one goes out', async () => {
    let calls = 0
    const tester: Tester = {
      update: () => {},
      test: async () => {
        calls++
        if (calls === 1) throw new Error('broken')
        return []
      },
      stop: async () => {},
    }
    const { hear, texts, clock, log } = setUp({ tester })
    hear(STEVE, 'test notify')
    await clock.advance(10_000)
    assert.ok(
      log.lines.some(({ level, message }) => level === 'error' && message === 'the test notification failed'),
    )
    texts()
    hear(STEVE, 'test notify')
    await clock.advance(0)
    assert.equal(texts().length, 2)
  })

  it('never shows a key, whatever the receiver answers', async () => {
    const key = 'hush0123456789'
    const { hear, texts, clock, log } = setUp({
      endpoints: [
        {
          name: 'h',
          url: `http://a/${key}?token=${key}`,
          headers: { Authorization: `Bearer ${key}` },
          retry_times: 0,
        },
        { name: 'b', type: 'bark', url: 'http://a/push', bark: { device_key: key }, retry_times: 0 },
        { name: 's', type: 'serverchan', url: 'http://a/', serverchan: { sendkey: key }, retry_times: 0 },
      ],
      hosts: { a: { status: 400, body: JSON.stringify({ code: 400, message: `bad key ${key}` }) } },
    })
    hear(STEVE, 'test notify')
    await clock.advance(0)
    const all = [...texts(), JSON.stringify(log.lines)].join('\n')
    assert.match(all, /Summary: 0\/3 /)
    assert.doesNotMatch(all, new RegExp(key))
  })
})

describe('who may', () => {
  it('is whom commands.operators names, by name or UUID', async () => {
    for (const player of [STEVE, { name: 'Steve' }, ALEX, { ...ALEX, name: 'Alexa' }]) {
      const { hear, texts, clock } = setUp()
      hear(player, 'test notify')
      await clock.advance(0)
      assert.deepEqual(texts(), SENT)
    }
  })

  it('is nobody else: one refusal, then silence until the cooldown is over', async () => {
    const { hear, said, texts, clock, payloads, log } = setUp({ commands: { cooldown: '10s' } })
    for (let second = 0; second < 10; second++) {
      for (const words of ['test notify', 'test', 'test notify nonsense']) hear(EVE, words)
      await clock.advance(1000)
    }
    assert.equal(said[0]?.player, 'Eve')
    assert.deepEqual(texts(), ['You have no permission for this command of the notification bridge'])
    assert.deepEqual(log.said(), ['Eve is not in commands.operators; the command was refused'])
    hear(EVE, 'test notify')
    assert.equal(texts().length, 1)
    assert.deepEqual(payloads, [])
  })

  it('is whom MCDReforged gives the level, until its file says otherwise', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'pb-notify-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'permission.yml')
    writeFileSync(file, 'default_level: user\nowner:\n- Eve\nadmin:\n')
    const { hear, texts, clock, log } = setUp({ commands: { mcdrPermissions: file } })
    hear(EVE, 'test notify')
    await clock.advance(10_000)
    assert.deepEqual(texts(), SENT)
    writeFileSync(file, 'default_level: user\nowner:\nadmin:\n- Eve\n- Herobrine\n')
    hear(EVE, 'test notify')
    await clock.advance(10_000)
    assert.deepEqual(texts(), ['You have no permission for this command of the notification bridge'])
    assert.equal(
      log.said().at(-1),
      'Eve is not in commands.operators, commands.mcdrPermissions (level 4); the command was refused',
    )
  })

  it('is nobody by default', async () => {
    const { hear, texts, clock } = setUp({ commands: { operators: undefined } })
    hear(STEVE, 'test notify')
    await clock.advance(0)
    assert.match(texts()[0] ?? '', /^You have no permission/)
  })

  it('never puts a name that could be a selector or part of a command into one', async () => {
    for (const name of [
      '@a',
      'Ste ve',
      '§aSteve',
      'Ste\u0000ve',
      'Steve\u007f',
      'Steve"',
      "Steve'",
      'Steve\\',
      '/op',
      'a/b',
      '',
      'x'.repeat(41),
      undefined,
    ]) {
      const { hear, said, clock } = setUp({
        commands: { operators: ['Steve', STEVE.uuid, ...(name ? [name] : [])] },
      })
      hear({ name }, 'test notify')
      await clock.advance(0)
      assert.deepEqual(said, [], String(name))
      // An operator whom a plugin gave such a name is known, and answered, by the UUID.
      hear({ uuid: STEVE.uuid, name }, 'test notify')
      await clock.advance(0)
      assert.ok(said.length > 0 && said.every(({ player }) => player === STEVE.uuid), String(name))
    }
  })

  it('may write a wrong event, or ask for help, without having to wait for the test', async () => {
    const { hear, clock, payloads } = setUp()
    hear(STEVE, 'test notify backup_succes')
    hear(STEVE, 'test')
    hear(STEVE, 'test notify')
    await clock.advance(0)
    assert.equal(payloads.length, 1)
  })
})

describe('the cooldown', () => {
  it('is told to an operator who does not keep it, with what is left', async () => {
    const { hear, texts, clock, payloads } = setUp({ commands: { cooldown: '10s' } })
    hear(STEVE, 'test notify')
    await clock.advance(2500)
    texts()
    hear(STEVE, 'test notify')
    assert.deepEqual(texts(), ['Please wait 8s before the next test'])
    await clock.advance(7499)
    hear(STEVE, 'test notify')
    assert.deepEqual(texts(), ['Please wait 1s before the next test'])
    await clock.advance(1)
    hear(STEVE, 'test notify')
    await clock.advance(0)
    assert.equal(payloads.length, 2)
  })

  it('is each player’s own', async () => {
    const { hear, clock, payloads } = setUp()
    for (const player of [STEVE, EVE, ALEX]) {
      hear(player, 'test notify')
      await clock.advance(0)
    }
    assert.equal(payloads.length, 2)
  })

  it('can be switched off', async () => {
    const { hear, clock, payloads } = setUp({ commands: { cooldown: 0 } })
    for (let count = 0; count < 3; count++) {
      hear(STEVE, 'test notify')
      await clock.advance(0)
    }
    assert.equal(payloads.length, 3)
  })

  it('is remembered of a bounded number of players, the latest', async () => {
    const { hear, texts, clock } = setUp()
    hear(EVE, 'test')
    for (let count = 0; count < 200; count++) hear({ name: `early${count}` }, 'test')
    await clock.advance(10_000)
    hear(EVE, 'test')
    for (let count = 0; count < 255; count++) hear({ name: `player${count}` }, 'test')
    texts()
    hear(EVE, 'test')
    assert.deepEqual(texts(), [])
    hear({ name: 'onemore' }, 'test')
    texts()
    hear(EVE, 'test')
    assert.equal(texts().length, 1)
  })
})

describe('the help', () => {
  it('is that of the manifest, with the server’s prefix, in the language of the notifications', async () => {
    for (const words of ['test', 'test help']) {
      const english = setUp({ commands: { prefix: '!!bak' } })
      english.hear(STEVE, words)
      assert.deepEqual(english.texts()[0], '!!bak test notify [<event>]: send a test notification')
      const chinese = setUp({ language: 'zh_cn', enabled: false })
      chinese.hear(STEVE, words)
      assert.deepEqual(chinese.texts()[0], '!!pb test notify [<事件>]: 发送通知测试')
    }
  })
})

describe('the state of the bridge', () => {
  const MINUTE = 60_000

  it('is told in four lines', async () => {
    const { hear, texts, clock } = setUp()
    hear(STEVE, 'notify status')
    await clock.advance(0)
    assert.deepEqual(texts(), [
      'Sources: bot in the game, log read',
      'Last backup: none seen yet',
      'Next due: not known',
      'Deliveries: 0 waiting, 0 dead',
    ])
  })

  it('names what is wrong, in both languages', async () => {
    const now = fakeClock().now()
    const status: Partial<Status> = {
      bot: 'out',
      log: 'unreadable',
      running: 'backup',
      lastSuccessAt: now - 26 * 60 * MINUTE,
      failures: 2,
      schedule: { dueAt: now + 90 * MINUTE, said: true, paused: false },
      waiting: 3,
      dead: 1,
      paused: ['a'],
      muted: [{ endpoint: 'my phone', until: now + 30 * MINUTE }],
    }
    const english = setUp({ status })
    english.hear(STEVE, 'notify status')
    assert.deepEqual(english.texts(), [
      'Sources: bot out of the game, log unreadable, a backup runs',
      'Last backup: 1 d 2 h ago, 2 failed since',
      'Next due: in 1 h 30 min',
      'Deliveries: 3 waiting, 1 dead; paused: a; muted: my phone (30 min left)',
    ])
    const chinese = setUp({ status, language: 'zh_cn' })
    chinese.hear(STEVE, 'notify status')
    assert.deepEqual(chinese.texts(), [
      '来源: 机器人离线，日志不可读，正在备份',
      '上次备份: 1 天 2 小时前，其后失败 2 次',
      '下次备份: 1 小时 30 分后',
      '投递: 3 条等待，1 条失败；已暂停: a；已静音: my phone（剩余 30 分）',
    ])
  })

  it('says of a due time that was reckoned that it is a bound, and of a paused schedule that it is', () => {
    const now = fakeClock().now()
    const line = (schedule: Status['schedule']) => {
      const { hear, texts } = setUp({ status: { schedule } })
      hear(STEVE, 'notify status')
      return texts()[2]
    }
    assert.equal(line({ dueAt: now + MINUTE, said: false, paused: false }), 'Next due: in 1 min at most')
    assert.equal(line({ dueAt: now - MINUTE, said: true, paused: false }), 'Next due: now')
    assert.equal(line({ dueAt: null, said: false, paused: true }), 'Next due: the schedule is paused')
  })

  it('is no concern of players without the permission', () => {
    const { hear, texts, mutes } = setUp()
    for (const words of ['notify status', 'notify mute 2h', 'notify unmute', 'notify']) hear(EVE, words)
    assert.deepEqual(texts(), ['You have no permission for this command of the notification bridge'])
    assert.deepEqual(mutes, [])
  })
})

describe('muting', () => {
  it('is for one endpoint or for all, and ended in the same way', () => {
    const { hear, texts, mutes, clock } = setUp()
    hear(STEVE, 'notify mute 2h')
    hear(STEVE, 'notify mute 90m my phone')
    hear(STEVE, 'notify unmute')
    hear(STEVE, 'notify unmute my phone')
    assert.deepEqual(texts(), [
      'Muted for 2 h: a, my phone. What happens meanwhile is told as one digest then; to end it: !!pb notify unmute',
      'Muted for 1 h 30 min: my phone. What happens meanwhile is told as one digest then; to end it: !!pb notify unmute',
      'Told again: a, my phone',
      'Told again: my phone',
    ])
    assert.deepEqual(mutes, [
      { endpoint: undefined, until: clock.now() + 7_200_000 },
      { endpoint: 'my phone', until: clock.now() + 5_400_000 },
      { endpoint: undefined, until: null },
      { endpoint: 'my phone', until: null },
    ])
  })

  it('of what is no time, or no endpoint, says what to write', () => {
    const { hear, texts, mutes } = setUp()
    for (const words of [
      'notify mute soon',
      'notify mute 5s',
      'notify mute 1y',
      'notify mute 2h b',
      'notify unmute b',
    ])
      hear(STEVE, words)
    assert.deepEqual(texts(), [
      '"soon" is no time from 1m to 30d; write for example: !!pb notify mute 2h',
      '"5s" is no time from 1m to 30d; write for example: !!pb notify mute 2h',
      '"1y" is no time from 1m to 30d; write for example: !!pb notify mute 2h',
      'No endpoint "b" that can be muted; there are: a, my phone',
      'No endpoint "b" that can be muted; there are: a, my phone',
    ])
    assert.deepEqual(mutes, [])
  })
})
