/** The whole bridge beside a practice server: a bot in the game, MCDReforged's log, Prime Backup's database. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bridge, createBridge } from '../src/bridge.ts'
import { parseConfig } from '../src/config.ts'
import { createPrimeBackup } from '../src/demo/primebackup.ts'
import { createPracticeServer } from '../src/demo/server.ts'
import { localText } from '../src/localtime.ts'
import { type OpenedStore, openStore } from '../src/outbox/open.ts'
import { fakeLog } from './fake/log.ts'
import { passingClock } from './fake/passing.ts'
import { startReceiver } from './fake/receiver.ts'
import { until } from './fake/until.ts'

/** Time passes in steps that no deadline of the bridge's notices. */
const STEP_MS = 1000
const LONG_STEP_MS = 10_000
const TIMINGS = { saveMs: 5, createMs: 5, countdownS: 3, secondMs: 20, restartMs: 20 }

type Sources = {
  bot?: boolean
  log?: boolean
  database?: boolean
  /** Prime Backup's log is not the one that the bridge follows. */
  otherLog?: boolean
  timings?: object
}

async function startAll({ bot = true, log: follows = true, database = true, ...options }: Sources = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-both-'))
  const clock = passingClock()
  const receiver = await startReceiver()
  const server = createPracticeServer({ clock, operators: ['PrimeBackupBot'] })
  const steve = server.addVirtualPlayer('Steve')
  const { port } = await server.start()
  const logs = join(dir, 'logs')
  const file = join(logs, 'MCDR.log')
  const databaseFile = join(dir, 'pb_files', 'prime_backup.db')
  const primeBackup = createPrimeBackup({
    server,
    clock,
    timings: { ...TIMINGS, ...options.timings },
    mcdrLog: options.otherLog ? join(dir, 'other', 'MCDR.log') : file,
    database: databaseFile,
  })
  primeBackup.start()
  if (options.otherLog) {
    mkdirSync(logs)
    writeFileSync(file, '')
  }
  const config = parseConfig(
    JSON.stringify({
      servers: [
        {
          name: 'survival',
          ...(bot && { minecraft: { port } }),
          ...(follows && { mcdr: { log: file, pollInterval: '100ms' } }),
          ...(database && { primeBackup: { database: databaseFile } }),
        },
      ],
      notification: { enabled: true, endpoints: [{ name: 'hook', url: receiver.url, notices: true }] },
    }),
    'test',
    {},
  )
  const log = fakeLog()
  let running: { bridge: Bridge; opened: OpenedStore } | undefined

  async function start() {
    const since = log.lines.length
    const opened = openStore(join(dir, 'data'), {
      clock,
      log,
      onNews: news => running?.bridge.storeNews(news),
    })
    const bridge = createBridge(config, { store: opened.store, clock, log, random: Math.random })
    running = { bridge, opened }
    bridge.start()
    const lines = () => log.lines.slice(since).map(({ message }) => message)
    if (bot) await until('the bot is in play', () => lines().some(line => line.includes('is in play')))
    if (follows) await until('the log is followed', () => offset() !== undefined)
  }

  function row(sql: string): { [column: string]: unknown } | undefined {
    return running?.opened.store.read(database => database.prepare(sql).get())
  }

  /** How far the log is known to have been read. */
  function offset(): number | undefined {
    const body = row('SELECT body FROM position')?.body
    return typeof body === 'string' ? JSON.parse(body).offset : undefined
  }

  async function stop() {
    await running?.bridge.stop()
    running?.opened.close()
    running = undefined
  }

  const told = () => receiver.requests.map(({ body }) => JSON.parse(body))
  const names = () =>
    told().map(({ event, code, message }) => code ?? (message ? `${event}: ${message}` : event))

  /** Time that ran ahead of a request under way would be the end of it. */
  async function delivered() {
    await until('the deliveries', () => {
      running?.opened.store.flush()
      return row("SELECT count(*) AS count FROM delivery WHERE state <> 'delivered'")?.count === 0
    })
  }

  /** Lets time run ahead until it is so. */
  async function passUntil(what: string, condition: () => boolean, mostMs = 600_000, stepMs = STEP_MS) {
    for (let leftMs = mostMs; !condition(); leftMs -= stepMs) {
      if (leftMs <= 0) throw new Error(`in vain let ${mostMs} ms pass: ${what}; told: ${names().join(', ')}`)
      await delivered()
      clock.pass(stepMs)
      // A bot that hears nothing for long thinks that the server is gone.
      steve.type('hello')
      await sleep(10)
    }
  }

  await start()
  return {
    clock,
    server,
    primeBackup,
    receiver,
    log,
    file,
    databaseFile,
    start,
    stop,
    told,
    names,
    passUntil,
    pass: async (ms: number) => {
      const end = clock.now() + ms
      const stepMs = ms > 300_000 ? LONG_STEP_MS : STEP_MS
      await passUntil('time', () => clock.now() >= end, ms + stepMs, stepMs)
    },
    untilTold: (count: number) => until(`${count} messages`, () => receiver.requests.length >= count),
    /** As a file system that is away. */
    takeAway: () => {
      renameSync(logs, join(dir, 'away'))
      writeFileSync(logs, '')
    },
    bringBack: () => {
      rmSync(logs)
      renameSync(join(dir, 'away'), logs)
    },
    async [Symbol.asyncDispose]() {
      await stop()
      await primeBackup.stop()
      await server.stop()
      await receiver.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** The sizes and the rest, as Prime Backup's database has them. */
function detailsOf(file: string, id: number): object {
  const database = new DatabaseSync(file, { readOnly: true })
  const row = database.prepare('SELECT * FROM backup WHERE id = ?').get(id)
  database.close()
  assert.ok(row)
  return {
    id,
    date: localText(Number(row.timestamp) * 1000),
    comment: row.comment,
    creator: row.creator,
    targets: JSON.parse(String(row.targets)),
    tags: JSON.parse(String(row.tags)),
    file_count: row.file_count,
    raw_size: row.file_raw_size_sum,
    stored_size: row.file_stored_size_sum,
  }
}

const BACKUP = ['backup_start', 'backup_success']
const RESTORE = ['restore_start', 'restore_success']

test('with chat and the log a backup and a restore are told once each, with the details of the database', async () => {
  await using all = await startAll()
  await all.primeBackup.consoleMake('before the raid')
  await all.untilTold(2)
  await all.primeBackup.consoleBack(1)
  await all.untilTold(4)
  const back = () => all.log.said().filter(line => line.includes('is in play')).length === 2
  await all.passUntil('the bot is back', back)
  await all.pass(20 * 60_000)
  assert.deepEqual(all.names(), [...BACKUP, ...RESTORE])
  const [, backup, asked, restored] = all.told()
  for (const { backup: facts } of [backup, asked, restored])
    assert.deepEqual(facts, detailsOf(all.databaseFile, 1))
  assert.equal(backup.operator.full, 'console:')
  assert.equal(restored.extra.server, 'starting')
  assert.equal(new Set(all.told().map(({ task_id: task }) => task)).size, 2)
  assert.ok(!all.log.said().some(line => line.includes('has not come back')))
})

test('with the log alone, and no bot, the same is told', async () => {
  await using all = await startAll({ bot: false })
  await all.primeBackup.consoleMake('before the raid')
  await all.untilTold(2)
  all.primeBackup.failNext('raise')
  await all.primeBackup.consoleMake('again')
  await all.untilTold(4)
  await all.primeBackup.consoleBack(1)
  await all.untilTold(6)
  await all.pass(20 * 60_000)
  assert.deepEqual(all.names(), [...BACKUP, 'backup_start', 'backup_failure', ...RESTORE])
  const [, backup, , failure] = all.told()
  assert.deepEqual(backup.backup, detailsOf(all.databaseFile, 1))
  // What chat can't tell.
  assert.match(failure.error.type, /^[A-Z]\w+$/)
  assert.ok(!all.log.said().some(line => line.includes('has not come back')))
})

test('chat takes over a backup whose log has been away for a minute, under the same task id, and the log is taken back', async () => {
  await using all = await startAll({ timings: { createMs: 240_000 } })
  const made = all.primeBackup.consoleMake('long')
  await all.untilTold(1)
  all.takeAway()
  await all.pass(50_000)
  assert.deepEqual(all.names(), ['backup_start'])
  await all.passUntil('the notice', () => all.names().includes('log_unreadable'), 30_000)
  await all.passUntil('the end', () => all.names().includes('backup_success'))
  await made
  assert.deepEqual(all.names(), ['backup_start', 'log_unreadable', 'backup_success'])
  const [begin, , end] = all.told()
  assert.equal(begin.task_id, end.task_id)
  assert.deepEqual(end.backup, detailsOf(all.databaseFile, 1))

  all.bringBack()
  await all.passUntil('the log is back', () => all.names().includes('log_readable'), 30_000)
  const next = all.primeBackup.consoleMake('next')
  await all.passUntil('the next end', () => all.names().length >= 6)
  await next
  await all.pass(10_000)
  assert.deepEqual(all.names().slice(3), ['log_readable', ...BACKUP])
  // It names who asked for it: the log leads again.
  assert.equal(all.told()[4].backup, undefined)
  assert.equal(all.told()[5].operator.full, 'console:')
})

test('a log that is not the one of this server leaves its lines to chat, which is said', async () => {
  await using all = await startAll({ otherLog: true })
  await all.primeBackup.consoleMake('before the raid')
  await all.passUntil('both', () => all.names().length >= 3)
  await all.pass(120_000)
  assert.deepEqual(all.names().toSorted(), [...BACKUP, 'log_silent'])
  await all.primeBackup.consoleMake('next')
  await all.untilTold(5)
  assert.deepEqual(all.names().slice(3), BACKUP)
})

for (const bot of [true, false])
  test(`a bridge that is stopped in a backup tells its end when it runs again, ${bot ? 'with' : 'without'} a bot`, async () => {
    await using all = await startAll({ bot, timings: { createMs: 60_000 } })
    const made = all.primeBackup.consoleMake('long')
    await all.untilTold(1)
    await all.stop()
    all.clock.pass(60_000)
    await made
    const endedAt = all.clock.now()
    // Longer than any deadline.
    all.clock.pass(3 * 3_600_000)
    await all.start()
    await all.untilTold(2)
    await all.pass(10_000)
    assert.deepEqual(all.names(), BACKUP)
    const [begin, end] = all.told()
    assert.equal(begin.task_id, end.task_id)
    assert.ok(Math.abs(end.timestamp.unix * 1000 - endedAt) < 5_000, 'not its own time')
    assert.deepEqual(end.backup, detailsOf(all.databaseFile, 1))
  })

test('a bot that has not come back after a restore is warned of, though the restore is told as done', async () => {
  await using all = await startAll({ timings: { createMs: 5 } })
  await all.primeBackup.consoleMake('before the raid')
  await all.untilTold(2)
  // The server is gone for good, and the log goes on as if it were not.
  await all.server.stop()
  const lines = [
    [
      'INFO',
      'misc_utils.py:16(print_text_to_console)',
      '[PB] Gonna restore the world to backup #1: before the raid',
    ],
    [
      'INFO',
      'misc_utils.py:16(print_text_to_console)',
      '[PB] !!! 1 second later, the world will §cbe restored§r to backup #1: before the raid',
    ],
    ['INFO', 'restore_backup_task.py:56(__countdown_and_stop_server)', 'Wait for server to stop'],
    ['INFO', 'restore_backup_task.py:101(run)', 'Restoring to backup #1 (fail_soft=False, verify_blob=True)'],
    ['INFO', 'export_backup_action_base.py:48(run)', 'Export done'],
    [
      'INFO',
      'restore_backup_task.py:121(run)',
      'Restore to backup #1 done, cost 0.34s (backup 0.19s, restore 0.16s), starting the server',
    ],
  ]
  for (const [level, place, text] of lines)
    appendFileSync(
      all.file,
      `[MCDR] [${localText(all.clock.now())}.000] [PB@0d5f-worker-heavy/${level}] [${place}] [prime_backup]: ${text}\n`,
    )
  await all.untilTold(4)
  assert.deepEqual(all.names().slice(2), RESTORE)
  const warned = () => all.log.said().filter(line => line.includes('has not come back for 15 min')).length
  await all.pass(14 * 60_000)
  assert.equal(warned(), 0)
  await all.passUntil('the warning', () => warned() === 1, 120_000)
  assert.deepEqual(all.names(), [...BACKUP, ...RESTORE])
})
