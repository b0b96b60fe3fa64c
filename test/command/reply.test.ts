import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { ANSWERABLE_NAME } from '../../src/command/notify.ts'
import type { ReplyRoute } from '../../src/command/permission.ts'
import { createReplier, type Line, MAX_LINE_LENGTH, type Replier, tellraw } from '../../src/command/reply.ts'
import { plain } from '../../src/delivery/plain.ts'
import type { Play } from '../../src/source/session.ts'
import { type FakeClock, fakeClock } from '../fake/clock.ts'
import { fakeLog } from '../fake/log.ts'
import { fc } from '../fake/property.ts'
import { BOT_UUID, createFakePlay, type FakePlay, oldEcho, playerChat, systemChat } from './fixture.ts'

const ECHO_TIMEOUT_MS = 3000
const OPERATOR = { commands: new Set(['tell', 'tellraw']) }

let replier: Replier | undefined

afterEach(() => replier?.stop())

type Scene = { clock: FakeClock; play: FakePlay; replier: Replier }

/** A bot in play, and a server that does `onChat` with what it types. */
function setUp(
  options: { route?: ReplyRoute; play?: Partial<Play>; onChat?: (text: string, scene: Scene) => void } = {},
) {
  const clock = fakeClock()
  const log = fakeLog()
  const play = createFakePlay(clock, options.play, text => options.onChat?.(text, scene))
  let present: FakePlay | undefined = play
  replier = createReplier(options.route ?? 'auto', () => present, { clock, log })
  const scene = { clock, play, replier }
  return {
    ...scene,
    log,
    /** The bot is in play again, or not. */
    rejoin: (next: FakePlay | undefined) => {
      present = next
    },
    texts: () => play.typed.map(({ text }) => text),
  }
}

/** What vanilla does from 1.19 on: the teller gets the line back as player chat of its own. */
function echo(text: string, { replier }: Scene) {
  const told = /^\/tell \S+ (.*)$/s.exec(text)?.[1]
  if (told !== undefined) replier.hear(playerChat(BOT_UUID, told))
}

function component(command: string): { text: string; color?: string; [key: string]: unknown }[] {
  const [, prefix, body] = JSON.parse(/^\/tellraw \S+ (.*)$/s.exec(command)?.[1] ?? '')
  return [prefix, body]
}

describe('the route of an answer', () => {
  it('is /tellraw, in colour, where the command tree offers it', async () => {
    const { replier, texts, clock } = setUp({ play: OPERATOR })
    replier.send('Steve', { text: 'hello', color: 'green' })
    replier.send('Steve', { text: 'plain' })
    await clock.advance(0)
    assert.deepEqual(texts(), [
      '/tellraw Steve ["",{"text":"[PB] ","color":"dark_aqua","hoverEvent":{"action":"show_text","value":"Prime Backup"}},{"text":"hello","color":"green"}]',
      '/tellraw Steve ["",{"text":"[PB] ","color":"dark_aqua","hoverEvent":{"action":"show_text","value":"Prime Backup"}},{"text":"plain"}]',
    ])
  })

  it('is /tellraw before 1.13, which has no tree, for a bot of operator level 2', async () => {
    for (const [operatorLevel, command] of [
      [1, '/tell'],
      [2, '/tellraw'],
      [4, '/tellraw'],
    ] as const) {
      const { replier, texts, clock } = setUp({
        play: { version: '1.12.2', commands: undefined, operatorLevel },
      })
      replier.send('Steve', { text: 'hello' })
      await clock.advance(0)
      assert.equal(texts()[0]?.split(' ')[0], command)
    }
  })

  it('follows the command tree, as the bot is given and loses its rights', async () => {
    const { replier, play, texts, clock } = setUp({ onChat: echo })
    for (const names of [['tell'], ['tell', 'tellraw'], ['tell']]) {
      play.commands = new Set(names)
      replier.send('Steve', { text: 'hello' })
      await clock.advance(2000)
    }
    assert.deepEqual(
      texts().map(text => text.split(' ')[0]),
      ['/tell', '/tellraw', '/tell'],
    )
  })

  it('is /tell where it is echoed, whichever way the server does that', async () => {
    const echoes: ((told: string, scene: Scene) => void)[] = [
      (told, { replier }) => replier.hear(playerChat(BOT_UUID, told)),
      (told, { replier }) => replier.hear(oldEcho('Steve', told)),
      (told, { replier }) => replier.hear(systemChat({ text: '[me -> Steve] ', extra: [{ text: told }] })),
      (told, { replier, clock }) =>
        clock.after(ECHO_TIMEOUT_MS - 1, () => replier.hear(playerChat(BOT_UUID, told))),
    ]
    for (const answer of echoes) {
      const { replier, texts, clock } = setUp({
        onChat: (text, scene) => answer(text.slice('/tell Steve '.length), scene),
      })
      replier.send('Steve', { text: 'one', color: 'red' })
      replier.send('Steve', { text: 'two' })
      await clock.advance(10_000)
      assert.deepEqual(texts(), ['/tell Steve [PB] one', '/tell Steve [PB] two'])
    }
  })

  it('waits for the echo of the first /tell only', async () => {
    let echoes = 1
    const { replier, texts, clock } = setUp({
      onChat: (text, scene) => {
        if (echoes-- > 0) echo(text, scene)
      },
    })
    for (const text of ['one', 'two', 'three']) replier.send('Steve', { text })
    await clock.advance(0)
    assert.equal(texts().length, 3)
    await clock.advance(60_000)
    assert.equal(texts().length, 3)
  })

  it('is public chat where no echo of a /tell comes in three seconds, and stays so', async () => {
    const { replier, texts, clock, log } = setUp()
    for (const text of ['one', 'two']) replier.send('Steve', { text })
    await clock.advance(ECHO_TIMEOUT_MS - 1)
    assert.deepEqual(texts(), ['/tell Steve [PB] one'])
    await clock.advance(1)
    assert.deepEqual(texts(), ['/tell Steve [PB] one', '[PB] one', '[PB] two'])
    assert.deepEqual(log.said(), ['the server echoed no /tell; answers go to public chat from here on'])
    replier.send('Alex', { text: 'three' })
    await clock.advance(1000)
    assert.equal(texts().at(-1), '[PB] three')
  })

  it('does not take for an echo what another player says, or another line', async () => {
    const { replier, texts, clock } = setUp({
      onChat: (text, { replier }) => {
        const told = text.slice('/tell Steve '.length)
        replier.hear(playerChat('00000000-0000-4000-8000-00000000000e', told))
        replier.hear(playerChat(BOT_UUID, `${told}!`))
        replier.hear(systemChat({ text: 'No player was found' }))
      },
    })
    replier.send('Steve', { text: 'one' })
    await clock.advance(ECHO_TIMEOUT_MS)
    assert.deepEqual(texts(), ['/tell Steve [PB] one', '[PB] one'])
  })

  it('is found anew in each stay in the game', async () => {
    const { replier, clock, texts, rejoin } = setUp()
    replier.send('Steve', { text: 'one' })
    await clock.advance(ECHO_TIMEOUT_MS)
    assert.equal(texts().at(-1), '[PB] one')
    const next = createFakePlay(clock)
    rejoin(next)
    replier.send('Steve', { text: 'two' })
    await clock.advance(0)
    assert.deepEqual(
      next.typed.map(({ text }) => text),
      ['/tell Steve [PB] two'],
    )
  })

  it('is the one that the config demands, without waiting for anything', async () => {
    const table = { tellraw: /^\/tellraw Steve \[/, tell: /^\/tell Steve \[PB\] /, public: /^\[PB\] / }
    for (const [route, form] of Object.entries(table)) {
      for (const play of [OPERATOR, {}]) {
        const { replier, texts, clock } = setUp({ route: route as ReplyRoute, play })
        for (const text of ['one', 'two']) replier.send('Steve', { text })
        await clock.advance(60_000)
        assert.equal(texts().length, 2)
        for (const text of texts()) assert.match(text, form)
      }
    }
  })

  it('quotes a name of other characters from 1.13 on, as the server’s parser needs it', async () => {
    const table: [version: string, name: string, command: string][] = [
      ['1.21.4', '.Bedrock_1', '/tell .Bedrock_1 [PB] x'],
      ['1.21.4', '史蒂夫', '/tell "史蒂夫" [PB] x'],
      ['26.1', '*Steve', '/tell "*Steve" [PB] x'],
      ['1.13', '*Steve', '/tell "*Steve" [PB] x'],
      ['1.12.2', '*Steve', '/tell *Steve [PB] x'],
    ]
    for (const [version, name, command] of table) {
      const { replier, texts, clock } = setUp({ route: 'tell', play: { version } })
      replier.send(name, { text: 'x' })
      await clock.advance(0)
      assert.deepEqual(texts(), [command])
      assert.ok(tellraw(name, { text: 'x' }, version).startsWith(`/tellraw ${command.split(' ')[1]} [`))
    }
  })
})

describe('a /tellraw', () => {
  it('spells the hover as the version does', () => {
    for (const version of ['1.21.5', '1.21.11', '1.22', '26.1']) {
      const [prefix] = component(tellraw('Steve', { text: 'x' }, version))
      assert.ok(prefix && 'hover_event' in prefix && !('hoverEvent' in prefix), version)
    }
    for (const version of ['1.12.2', '1.16.5', '1.20.6', '1.21', '1.21.4']) {
      const [prefix] = component(tellraw('Steve', { text: 'x' }, version))
      assert.ok(prefix && 'hoverEvent' in prefix && !('hover_event' in prefix), version)
    }
  })

  it('goes without the hover before it is cut', () => {
    const text = 'x'.repeat(120)
    const command = tellraw('Steve', { text, color: 'gray' }, '1.21.4')
    const [prefix, body] = component(command)
    assert.deepEqual(prefix, { text: '[PB] ', color: 'dark_aqua' })
    assert.deepEqual(body, { text, color: 'gray' })
  })
})

/** Text of whatever could break out, be cut in two, or get the bot kicked. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400, size: 'max' }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '"',
          '\\',
          '\n',
          '\u0000',
          '\u007f',
          '\u0085',
          '§',
          '§a',
          '\ud83d',
          '\ude00',
          '😀',
          '中',
          ' ',
          '\u2028',
        ),
        fc.string({ unit: 'grapheme', maxLength: 8 }),
      ),
      { maxLength: 300, size: 'max' },
    )
    .map(parts => parts.join('')),
)
const anyName = fc.oneof(
  fc.stringMatching(/^\w{3,16}$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter(name => ANSWERABLE_NAME.test(name)),
)
const anyLine: fc.Arbitrary<Line> = fc.record(
  {
    text: anyText,
    color: fc.constantFrom('green' as const, 'red' as const, 'yellow' as const, 'gray' as const),
  },
  { requiredKeys: ['text'] },
)
const anyVersion = fc.constantFrom('1.12.2', '1.13', '1.16.5', '1.20.4', '1.21.4', '1.21.8', '26.1')

/** `whole`, or a beginning of it that was cut between characters. */
function assertBeginning(shown: string, whole: string) {
  if (shown === whole) return false
  assert.ok(shown.endsWith('…'), `"${shown}" shows that it was cut`)
  const kept = shown.slice(0, -1)
  assert.ok(whole.startsWith(kept), `"${kept}" begins "${whole}"`)
  assert.ok(kept.isWellFormed(), `"${kept}" is cut between characters`)
  return true
}

describe('any text', () => {
  it('fits, whole or cut, into a /tellraw that the server can read', () => {
    let cuts = 0
    fc.assert(
      fc.property(anyName, anyLine, anyVersion, (name, line, version) => {
        const command = tellraw(name, line, version)
        assert.ok(command.length <= MAX_LINE_LENGTH, `${command.length} characters`)
        assert.doesNotMatch(command, /[\p{Cc}§]/u)
        const [prefix, body] = component(command)
        assert.equal(prefix?.text, '[PB] ')
        assert.equal(body?.color, line.color)
        if (assertBeginning(body?.text ?? '', plain(line.text))) {
          cuts++
          assert.ok(command.length > MAX_LINE_LENGTH - 4, `cut at ${command.length} characters`)
        }
      }),
      { numRuns: 1000 },
    )
    assert.ok(cuts > 100, `only ${cuts} were cut`)
  })

  it('fits, whole or cut, into a line of public chat or a /tell', async () => {
    for (const [route, head] of [
      ['public', ''],
      ['tell', '/tell Steve '],
    ] as const) {
      let cuts = 0
      await fc.assert(
        fc.asyncProperty(anyLine, async line => {
          const { replier, texts, clock } = setUp({ route })
          replier.send('Steve', line)
          await clock.advance(0)
          const [text = '', ...more] = texts()
          assert.deepEqual(more, [])
          assert.ok(text.length <= MAX_LINE_LENGTH, `${text.length} characters`)
          assert.doesNotMatch(text, /[\p{Cc}§]|\s{2}/u)
          assert.ok(text.startsWith(`${head}[PB]`))
          if (assertBeginning(text, plain(`${head}[PB] ${line.text}`))) {
            cuts++
            assert.ok(text.length >= MAX_LINE_LENGTH - 1)
          }
        }),
        { numRuns: 300 },
      )
      assert.ok(cuts > 20, `only ${cuts} were cut`)
    }
  })

  it('is known again in its echo, from a server that joins spaces as vanilla does', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async text => {
        const { replier, texts, clock } = setUp({
          onChat: (line, scene) => echo(line.trim().replace(/ +/g, ' '), scene),
        })
        replier.send('Steve', { text })
        await clock.advance(ECHO_TIMEOUT_MS)
        assert.equal(texts().length, 1)
      }),
      { numRuns: 200 },
    )
  })

  it('is not cut where it just fits', () => {
    const empty = tellraw('Steve', { text: '' }, '1.21.4')
    const bare = empty.length - ',"hoverEvent":{"action":"show_text","value":"Prime Backup"}'.length
    const room = MAX_LINE_LENGTH - bare
    assert.ok(tellraw('Steve', { text: 'x'.repeat(room) }, '1.21.4').includes('x'.repeat(room)))
    assert.ok(
      tellraw('Steve', { text: 'x'.repeat(room + 1) }, '1.21.4').includes(`${'x'.repeat(room - 1)}…"`),
    )
    assert.ok(
      tellraw('Steve', { text: `${'x'.repeat(room - 2)}😀y` }, '1.21.4').includes(
        `${'x'.repeat(room - 2)}…"`,
      ),
    )
  })
})

describe('the pace of answers', () => {
  it('is four lines at once, then one a second', async () => {
    const { replier, play, clock } = setUp({ route: 'public' })
    for (let count = 0; count < 8; count++) replier.send('Steve', { text: 'x' })
    await clock.advance(60_000)
    assert.deepEqual(
      play.typed.map(({ at }) => at),
      [0, 0, 0, 0, 1000, 2000, 3000, 4000],
    )
    for (let count = 0; count < 5; count++) replier.send('Steve', { text: 'x' })
    await clock.advance(60_000)
    assert.deepEqual(
      play.typed.slice(8).map(({ at }) => at - 60_000),
      [0, 0, 0, 0, 1000],
    )
  })

  it('is never faster, whatever is sent when, by whichever route', async () => {
    const steps = fc.array(fc.record({ waitMs: fc.nat(4000), lines: fc.integer({ min: 1, max: 6 }) }), {
      minLength: 1,
      maxLength: 8,
    })
    const routes = fc.constantFrom<ReplyRoute>('auto', 'tell', 'tellraw', 'public')
    const echoAfterMs = fc.option(fc.nat(ECHO_TIMEOUT_MS + 500))
    await fc.assert(
      fc.asyncProperty(routes, steps, echoAfterMs, fc.boolean(), async (route, sent, delayMs, operator) => {
        const { replier, play, clock } = setUp({
          route,
          play: operator ? OPERATOR : {},
          onChat: (text, scene) => {
            if (delayMs !== null) scene.clock.after(delayMs, () => echo(text, scene))
          },
        })
        for (const { waitMs, lines } of sent) {
          await clock.advance(waitMs)
          for (let count = 0; count < lines; count++) replier.send('Steve', { text: 'x' })
        }
        await clock.advance(120_000)
        const times = play.typed.map(({ at }) => at)
        const wanted = sent.reduce((sum, { lines }) => sum + lines, 0)
        assert.ok(times.length === wanted || (route === 'auto' && times.length === wanted + 1))
        for (const [first, from] of times.entries()) {
          for (const [last, to] of times.entries()) {
            if (last < first) continue
            const allowed = 4 + Math.floor((to - from) / 1000)
            assert.ok(last - first + 1 <= allowed, `${last - first + 1} lines in ${to - from} ms: ${times}`)
          }
        }
        replier.stop()
        assert.equal(clock.pending(), 0)
      }),
      { numRuns: 300 },
    )
  })

  it('keeps a bounded number of lines waiting', async () => {
    const { replier, texts, clock } = setUp({ route: 'public' })
    for (let count = 0; count < 10_000; count++) replier.send('Steve', { text: `line ${count}` })
    await clock.advance(3_600_000)
    assert.ok(texts().length <= 65, `${texts().length} lines`)
    replier.send('Steve', { text: 'later' })
    await clock.advance(0)
    assert.equal(texts().at(-1), '[PB] later')
  })
})

describe('an answer that can’t be given', () => {
  it('is dropped while the bot is out of play', async () => {
    const { replier, texts, clock, play, rejoin } = setUp({ route: 'public' })
    rejoin(undefined)
    replier.send('Steve', { text: 'lost' })
    await clock.advance(1000)
    rejoin(play)
    replier.send('Steve', { text: 'said' })
    await clock.advance(1000)
    assert.deepEqual(texts(), ['[PB] said'])
  })

  it('is logged when the connection refuses it, and holds back no other', async () => {
    let faults = 1
    const { replier, texts, clock, log } = setUp({
      route: 'public',
      onChat: () => {
        if (faults-- > 0) throw new Error('no way')
      },
    })
    for (const text of ['one', 'two', 'three']) replier.send('Steve', { text })
    await clock.advance(0)
    assert.deepEqual(texts(), ['[PB] one', '[PB] two', '[PB] three'])
    assert.deepEqual(log.said(), ['a reply in chat failed: Error: no way'])
  })

  it('is forgotten when the bridge stops, with its timers, whatever was waited for', async () => {
    for (const route of ['public', 'auto'] as const) {
      const { replier, texts, clock, log } = setUp({ route })
      for (let count = 0; count < 10; count++) replier.send('Steve', { text: 'x' })
      await clock.advance(0)
      const said = texts().length
      assert.notEqual(clock.pending(), 0)
      replier.stop()
      await clock.advance(0)
      assert.equal(clock.pending(), 0)
      replier.send('Steve', { text: 'late' })
      await clock.advance(60_000)
      assert.equal(texts().length, said)
      assert.deepEqual(log.said(), [])
    }
  })
})
