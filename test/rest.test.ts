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
  let rested = 0
  const rest = createRest(
    { restWhenEmpty: options.restWhenEmpty, file },
    {
      clock,
      log,
      players: async () => {
        asked += 1
        return options.online
      },
      rested: () => {
        rested += 1
      },
    },
  )
  const at = clock.now() + 60_000
  rest.expect({ from: at, to: at })
  await clock.advance(59_000)
  assert.equal(asked, 0)
  await clock.advance(2_000)
  rest.stop()
  rest.expect({ from: at + 60_000, to: at + 60_000 })
  assert.equal(clock.pending(), 0)
  return { asked, rested, said: log.said() }
}

const requires = (value: boolean) =>
  JSON.stringify({ scheduled_backup: { enabled: true, require_online_players: value } })

test('a schedule that rests while nobody is online is asked for players when it is due', async () => {
  assert.deepEqual(await askAtDue({ restWhenEmpty: true, online: 0 }), { asked: 1, rested: 1, said: [] })
  assert.deepEqual(await askAtDue({ restWhenEmpty: true, online: 2 }), { asked: 1, rested: 0, said: [] })
})

test('nothing is concluded from players that nobody can count', async () => {
  assert.equal((await askAtDue({ restWhenEmpty: true })).rested, 1)
})

test("Prime Backup's own config decides where the bridge's does not", async () => {
  assert.equal((await askAtDue({ config: requires(true), online: 0 })).rested, 1)
  assert.deepEqual(await askAtDue({ config: requires(false), online: 0 }), { asked: 0, rested: 0, said: [] })
  assert.equal((await askAtDue({ restWhenEmpty: false, config: requires(true), online: 0 })).asked, 0)
  assert.equal((await askAtDue({ online: 0 })).asked, 0)
})

test("a config of Prime Backup that can't be read is said, and answered with care", async () => {
  const { rested, said } = await askAtDue({ config: '{ "scheduled_backup": ', online: 0 })
  assert.equal(rested, 1)
  assert.match(said.join('\n'), /Prime Backup's config can't be read .*; check primeBackup\.config/)
})
