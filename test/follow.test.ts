import assert from 'node:assert/strict'
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LifecycleEvent } from '../src/event.ts'
import { followed } from './fake/followed.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
type House = ReturnType<typeof followed>

/** A record of Prime Backup's, dated by `at` as a clock in UTC shows it. */
function record(at: number, text: string, thread = 'worker-heavy'): string {
  const time = new Date(at).toISOString().replace('T', ' ').slice(0, 23)
  return `[MCDR] [${time}] [PB@0d5f-${thread}/INFO] [misc_utils.py:16(print_text_to_console)] [prime_backup]: ${text}\n`
}

const began = (at: number) => record(at, '[PB] Creating backup, please wait')
const completed = (at: number, id: number, costS: number) =>
  record(at, `[PB] Backup completed, ID #${id}, cost ${costS}s, total 1.83MiB (+1.18KiB)`)
const triggered = (at: number) => record(at, '[PB] Schedule backup triggered', 'crontab_0')
const counted = (at: number, left: number) =>
  record(at, `[PB] !!! ${left} second later, the world will §cbe restored§r to backup #3: base`)
const asked = (at: number) => record(at, '[PB] Gonna restore the world to backup #3: base')

/** What people are told, with its time in seconds since `from`. */
function told(events: LifecycleEvent[], from: number): [string, number, string?][] {
  return events.map(({ name, at, message, backup }) => {
    const more = message ?? (backup?.id === undefined ? undefined : `#${backup.id}`)
    const seconds = (at - from) / 1000
    return more === undefined ? [name, seconds] : [name, seconds, more]
  })
}

function taskIds(events: LifecycleEvent[]): Set<string> {
  return new Set(events.map(({ taskId }) => taskId))
}

async function pass(house: House, ms: number) {
  for (let left = ms; left > 0; left -= 1000) await house.poll()
}

function warnings({ log }: House): string[] {
  return log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
}

test('the very first start begins at the end of the log', async () => {
  await using house = followed()
  const at = house.clock.now()
  house.append(began(at - 60_000) + completed(at - 50_000, 1, 10))
  house.start()
  await house.poll()
  assert.deepEqual(house.events, [])
  const now = house.clock.now()
  house.append(began(now) + completed(now + 500, 2, 0.5))
  await house.poll()
  assert.deepEqual(told(house.events, now), [
    ['backup_start', 0],
    ['backup_success', 0.5, '#2'],
  ])
})

test('a log that is not there yet is read from its beginning when it comes', async () => {
  await using house = followed()
  house.start()
  await house.poll()
  const now = house.clock.now()
  house.append(began(now) + completed(now + 500, 1, 0.5))
  await house.poll()
  assert.deepEqual(told(house.events, now), [
    ['backup_start', 0],
    ['backup_success', 0.5, '#1'],
  ])
})

test('the very first start takes up a backup that has run for less than 15 minutes, and what it is for', async () => {
  await using house = followed()
  const at = house.clock.now()
  const start = at - 14 * MINUTE_MS
  house.append(began(start - HOUR_MS) + completed(start - HOUR_MS + 1000, 1, 1))
  house.append(triggered(start - 20) + began(start))
  house.start()
  await house.poll()
  assert.deepEqual(told(house.events, start), [['backup_start', 0]])
  assert.deepEqual(house.events[0]?.operator, { type: 'prime_backup', name: 'scheduled_backup' })
  const now = house.clock.now()
  house.append(completed(now, 2, (now - start) / 1000))
  await house.poll()
  assert.deepEqual(told(house.events, start).slice(1), [['backup_success', (now - start) / 1000, '#2']])
  assert.equal(taskIds(house.events).size, 1)
  assert.equal(house.events[1]?.extra?.start_unseen, undefined)
})

test('the very first start takes up a restore that runs', async () => {
  await using house = followed()
  const start = house.clock.now() - MINUTE_MS
  house.append(asked(start) + counted(start + 5_000, 10))
  house.start()
  await house.poll()
  assert.deepEqual(told(house.events, start), [['restore_start', 5, '#3']])
})

test('the very first start leaves a backup alone that has run for longer, and tells its end as one of an unseen start', async () => {
  await using house = followed()
  const start = house.clock.now() - 16 * MINUTE_MS
  house.append(began(start))
  house.start()
  await house.poll()
  assert.equal(house.events.length, 0)
  const now = house.clock.now()
  house.append(completed(now, 2, (now - start) / 1000))
  await house.poll()
  assert.deepEqual(told(house.events, now), [['backup_success', 0, '#2']])
  assert.equal(house.events.at(-1)?.extra?.start_unseen, true)
})

for (const [hours, words] of [
  [8, '480 minutes ahead of'],
  [-8, '480 minutes behind'],
] as const)
  test(`a log whose times are ${Math.abs(hours)} hours ${hours > 0 ? 'ahead' : 'behind'} is warned of once, and told by the bridge's own time`, async () => {
    await using house = followed()
    house.append(began(house.clock.now() - 60_000 + hours * HOUR_MS))
    house.append(completed(house.clock.now() - 59_000 + hours * HOUR_MS, 1, 1))
    house.start()
    await house.poll()
    const first = house.clock.now()
    for (const id of [2, 3]) {
      house.append(began(house.clock.now() + hours * HOUR_MS))
      await pass(house, 5_000)
      house.append(completed(house.clock.now() + hours * HOUR_MS, id, 5))
      await pass(house, 5_000)
    }
    // Each is seen by the next poll, a second after it was written.
    assert.deepEqual(told(house.events, first), [
      ['backup_start', 1],
      ['backup_success', 6, '#2'],
      ['backup_start', 11],
      ['backup_success', 16, '#3'],
    ])
    assert.equal(warnings(house).length, 1)
    assert.match(warnings(house)[0] ?? '', new RegExp(`${words} .*Set servers\\[\\]\\.timeZone`))
    assert.deepEqual(house.raised, [])
    house.clock.reach(house.clock.now() + 12 * HOUR_MS)
    await house.poll()
    assert.equal(house.events.length, 4)
  })

/** The offset that a stored position names. */
function storedOffset({ disk }: House): number {
  return JSON.parse(disk.position ?? '{}').offset
}

const server = (at: number) =>
  `[Server] [${new Date(at).toISOString().slice(11, 19)}] [Server thread/INFO]: Saving chunks\n`

test('how far the log was read is stored without events too: once a minute, and at the stop', async () => {
  await using house = followed()
  house.append(server(house.clock.now()))
  house.start()
  await house.poll()
  const first = storedOffset(house)
  assert.equal(first, statSync(house.file).size)
  house.append(server(house.clock.now()))
  await pass(house, 50_000)
  assert.equal(storedOffset(house), first)
  await pass(house, 11_000)
  const second = storedOffset(house)
  assert.equal(second, statSync(house.file).size)
  house.append(server(house.clock.now()))
  await house.poll()
  assert.equal(storedOffset(house), second)
  await house.stop()
  assert.equal(storedOffset(house), statSync(house.file).size)
  assert.deepEqual(house.events, [])
})

test('a position of another file than the config names now is not gone on from', async () => {
  await using house = followed()
  house.append(began(house.clock.now()))
  house.disk.position = JSON.stringify({
    file: '/elsewhere/MCDR.log',
    fingerprint: '',
    fingerprintBytes: 0,
    offset: 0,
  })
  const start = house.clock.now()
  house.append(completed(start, 1, 1))
  house.start()
  await house.poll()
  assert.deepEqual(house.events, [])
})

/** What a file system that is away leaves, until it is back. */
function takeAway({ dir }: House) {
  renameSync(join(dir, 'logs'), join(dir, 'away'))
  writeFileSync(join(dir, 'logs'), '')
}

function bringBack({ dir }: House) {
  rmSync(join(dir, 'logs'))
  renameSync(join(dir, 'away'), join(dir, 'logs'))
}

test('a log that can’t be read for over a minute is told of, and that it can be read again', async () => {
  await using house = followed()
  house.append(server(house.clock.now()))
  house.start()
  await house.poll()
  takeAway(house)
  await pass(house, 55_000)
  assert.deepEqual(house.raised, [])
  await pass(house, 10_000)
  assert.equal(house.raised.length, 1)
  const [code, name, reason = ''] = house.raised.flat()
  assert.deepEqual([code, name], ['log_unreadable', 'survival'])
  assert.ok(reason.startsWith(`${house.file}: `) && !reason.includes('\n'), reason)
  await pass(house, 120_000)
  assert.equal(house.raised.length, 1)
  bringBack(house)
  const now = house.clock.now()
  house.append(began(now - 30_000) + completed(now - 29_000, 1, 1))
  await house.poll()
  assert.deepEqual(house.raised.slice(1), [['log_readable', 'survival']])
  assert.deepEqual(told(house.events, now), [
    ['backup_start', -30],
    ['backup_success', -29, '#1'],
  ])
})

test('a log that can’t be read for less than a minute is no news to people', async () => {
  await using house = followed()
  house.append(server(house.clock.now()))
  house.start()
  await house.poll()
  takeAway(house)
  await pass(house, 50_000)
  bringBack(house)
  await pass(house, 30_000)
  assert.deepEqual(house.raised, [])
})

test('a backup in which MCDReforged goes for good is told as unknown, at its deadline', async () => {
  await using house = followed()
  house.append(server(house.clock.now()))
  house.start()
  await house.poll()
  const start = house.clock.now()
  house.append(began(start))
  await house.poll()
  house.clock.reach(start + HOUR_MS - 2_000)
  await house.poll()
  assert.deepEqual(told(house.events, start), [['backup_start', 0]])
  await pass(house, 2_000)
  assert.deepEqual(told(house.events, start), [
    ['backup_start', 0],
    ['backup_failure', 3600, 'outcome_unknown'],
  ])
  // MCDReforged comes back, and does not know of it.
  house.append(record(house.clock.now(), '[PB] Creating backup, please wait'))
  await house.poll()
  assert.equal(house.events.length, 3)
})

test('what happened while the bridge was stopped for two hours is told with its own time, and nothing ends before the log was read', async () => {
  await using house = followed()
  house.append(server(house.clock.now()))
  house.start()
  await house.poll()
  const start = house.clock.now()
  house.append(began(start))
  await house.poll()
  await house.stop()

  house.append(completed(start + 120_000, 1, 120))
  house.rotate()
  house.append(
    triggered(start + HOUR_MS - 20) + began(start + HOUR_MS) + completed(start + HOUR_MS + 5_000, 2, 5),
  )
  house.rotate()
  const late = start + 2 * HOUR_MS - 60_000
  house.append(began(late))
  house.clock.reach(house.clock.now() + 2 * HOUR_MS)
  house.start()
  await house.poll()
  house.append(completed(house.clock.now(), 3, 60))
  await house.poll()
  assert.deepEqual(
    told(house.events, start).map(([name, seconds, more]) => [name, Math.round(seconds), more]),
    [
      ['backup_start', 0, undefined],
      ['backup_success', 120, '#1'],
      ['backup_start', 3600, undefined],
      ['backup_success', 3605, '#2'],
      ['backup_start', 7140, undefined],
      ['backup_success', 7202, '#3'],
    ],
  )
  assert.equal(taskIds(house.events).size, 3)
  assert.deepEqual(warnings(house), [])
})

test('after two hours without the bridge and without an end, the backup is told as unknown at its deadline, once', async () => {
  await using house = followed()
  house.append(server(house.clock.now()))
  house.start()
  await house.poll()
  const start = house.clock.now()
  house.append(began(start))
  await house.poll()
  await house.kill()
  house.clock.reach(house.clock.now() + 2 * HOUR_MS)
  house.start()
  await house.poll()
  await house.poll()
  assert.deepEqual(told(house.events, start), [
    ['backup_start', 0],
    ['backup_failure', 3600, 'outcome_unknown'],
  ])
})

test('a bridge that is started again beside a log of another zone still goes by its own time', async () => {
  for (const hours of [8, -8]) {
    await using house = followed()
    house.append(server(house.clock.now()))
    house.start()
    await house.poll()
    house.append(began(house.clock.now() + hours * HOUR_MS))
    await house.poll()
    await house.kill()
    house.append(completed(house.clock.now() + hours * HOUR_MS, 1, 1))
    house.start()
    await house.poll()
    await house.kill()
    const now = house.clock.now()
    house.append(began(now + hours * HOUR_MS))
    house.start()
    await house.poll()
    await house.poll()
    house.append(completed(house.clock.now() + hours * HOUR_MS, 2, 2))
    await house.poll()
    assert.deepEqual(
      house.events.map(({ name, backup }) => [name, backup?.id]),
      [
        ['backup_start', undefined],
        ['backup_success', 1],
        ['backup_start', undefined],
        ['backup_success', 2],
      ],
      `${hours} hours`,
    )
    for (const { at } of house.events) assert.ok(Math.abs(at - now) < 10_000, `${hours} hours`)
  }
})

test('a log that was moved away and back loses no line', async () => {
  await using house = followed()
  house.append(server(house.clock.now()))
  house.start()
  await house.poll()
  renameSync(house.file, `${house.file}.away`)
  await pass(house, 5_000)
  renameSync(`${house.file}.away`, house.file)
  const now = house.clock.now()
  house.append(began(now) + completed(now + 500, 1, 0.5))
  await pass(house, 2_000)
  assert.deepEqual(told(house.events, now), [
    ['backup_start', 0],
    ['backup_success', 0.5, '#1'],
  ])
})
