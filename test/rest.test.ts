import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createRest } from '../src/rest.ts'
import { fakeClock } from './fake/clock.ts'
import { fakeLog } from './fake/log.ts'

const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-rest-'))
after(() => rmSync(dir, { recursive: true }))

/** Who is asked at the due time, and whether the schedule rests then. */
async function askAtDue(options: { restWhenEmpty?: boolean; config?: unknown; online?: number }) {
  const clock = fakeClock()
  const log = fakeLog()
  const file = options.config === undefined ? undefined : join(dir, 'config.json')
  if (file) writeFileSync(file, String(options.config))
  let asked = 0
  const told: string[] = []
  const rest = createRest(
    { restWhenEmpty: options.restWhenEmpty, file },
    {
      clock,
      log,
      players: async () => {
        asked += 1
        return options.online
      },
      awake: (awake, anew) => told.push(`${awake}${anew ? ' anew' : ''}`),
    },
  )
  const at = clock.now() + 60_000
  rest.expect({ from: at, to: at })
  await clock.advance(29_000)
  assert.equal(asked, 0)
  await clock.advance(32_000)
  rest.stop()
  rest.expect({ from: at + 60_000, to: at + 60_000 })
  assert.equal(clock.pending(), 0)
  return { asked, told, said: log.said() }
}

const requires = (value: boolean) =>
  JSON.stringify({ scheduled_backup: { enabled: true, require_online_players: value } })

test('a schedule that rests while nobody is online is asked for players from half a minute before it is due', async () => {
  const empty = await askAtDue({ restWhenEmpty: true, online: 0 })
  assert.deepEqual(empty, { asked: 4, told: ['false anew', 'false'], said: [] })
  const full = await askAtDue({ restWhenEmpty: true, online: 2 })
  assert.deepEqual(full, { asked: 4, told: ['true anew'], said: [] })
})

test('nothing is concluded from players that nobody can count', async () => {
  assert.deepEqual((await askAtDue({ restWhenEmpty: true })).told, ['false anew', 'false'])
})

test("Prime Backup's own config decides where the bridge's does not", async () => {
  assert.deepEqual((await askAtDue({ config: requires(true), online: 0 })).told, ['false anew', 'false'])
  const free = await askAtDue({ config: requires(false), online: 0 })
  assert.deepEqual(free, { asked: 0, told: ['true anew'], said: [] })
  assert.equal((await askAtDue({ restWhenEmpty: false, config: requires(true), online: 0 })).asked, 0)
  assert.equal((await askAtDue({ online: 0 })).asked, 0)
})

test("a config of Prime Backup that can't be read is said once, and answered with care", async () => {
  const { told, said } = await askAtDue({ config: '{ "scheduled_backup": ', online: 0 })
  assert.deepEqual(told, ['false anew', 'false'])
  assert.equal(said.length, 1)
  assert.match(said.join('\n'), /Prime Backup's config can't be read .*; check primeBackup\.config/)
})

/** Players over time, in minutes from the beginning; what was said of them, and how often somebody was asked. */
async function watch(window: { from: number; to: number }, present: [from: number, to: number][]) {
  const clock = fakeClock()
  const began = clock.now()
  const at = (minute: number) => began + minute * 60_000
  const now = () => (clock.now() - began) / 60_000
  const said: [minute: number, awake: boolean][] = []
  let asked = 0
  const rest = createRest(
    { restWhenEmpty: true, file: undefined },
    {
      clock,
      log: fakeLog(),
      players: async () => {
        asked += 1
        return present.some(([from, to]) => from <= now() && now() < to) ? 1 : 0
      },
      awake: awake => said.push([now(), awake]),
    },
  )
  rest.expect({ from: at(window.from), to: at(window.to) })
  await clock.advance(300 * 60_000)
  rest.stop()
  assert.equal(clock.pending(), 0)
  return { said, asked }
}

test('where nobody knows when it is due, players are asked for all the while, and told of when they come and go', async () => {
  const { said, asked } = await watch({ from: 0, to: 240 }, [[31, 199]])
  assert.deepEqual(said, [
    [0, false],
    [35, true],
    [200, false],
    [240, false],
  ])
  assert.equal(asked, 49)
})
