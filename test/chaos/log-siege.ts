/** A log that is written and rotated as MCDR does it, and one bridge after the other that follows it and dies. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lifecycleSchema } from '../../src/lifecycle.ts'
import type { Observation } from '../../src/observation.ts'
import { observeLog } from '../../src/observe.ts'
import { openDatabase } from '../../src/outbox/database.ts'
import { mergeObservations, replayEvents } from '../../src/replay.ts'
import { createLogScanner } from '../../src/source/log/records.ts'
import { datedAt, recordsIn } from '../fake/mcdr.ts'
import { startReceiver } from '../fake/receiver.ts'
import { until } from '../fake/until.ts'
import { zipOf } from '../fake/zip.ts'
import { seeded } from './random.ts'
import { copyStore } from './verify.ts'

export type LogFigures = {
  kills: number
  records: number
  rotations: number
  events: number
  requests: number
  /** Messages that the receiver took more than once: at least once is what is promised. */
  repeats: number
}

const CHILD = join(import.meta.dirname, 'log-child.ts')
const CORPUS = join(import.meta.dirname, '../fixture/corpus')
const LONGEST_LIFE_MS = 400
const LONGEST_PAUSE_MS = 25

/** The records of all recordings, each with the lines of its traceback. */
function recordedRecords(): string[] {
  return globSync('**/mcdr.log', { cwd: CORPUS })
    .sort()
    .flatMap(file => recordsIn(readFileSync(join(CORPUS, file), 'utf8')))
}

export async function besiegeLog({ seed, kills }: { seed: number; kills: number }): Promise<LogFigures> {
  const random = seeded(seed)
  const root = mkdtempSync(join(tmpdir(), 'pb-bridge-log-chaos-'))
  const logs = join(root, 'logs')
  const file = join(logs, 'MCDR.log')
  const config = join(root, 'config.json')
  mkdirSync(logs)
  const receiver = await startReceiver()
  writeFileSync(
    config,
    JSON.stringify({
      servers: [
        {
          name: 'survival',
          timeZone: 'UTC',
          mcdr: { log: file, pollInterval: '100ms' },
          // The records are dated now, the dates of the next backups in them are not.
          watch: { overdue: false },
        },
      ],
      notification: { enabled: true, endpoints: [{ name: 'hook', url: receiver.url }] },
    }),
  )
  const trouble: string[] = []
  const children = new Set<ChildProcess>()
  const recorded = recordedRecords()
  let nextRecord = Math.floor(random() * recorded.length)
  let lastAt = 0
  let written = ''
  let records = 0
  let rotations = 0
  let done = false

  function begin() {
    const child = fork(CHILD, [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'compiled') },
    })
    children.add(child)
    child.stderr?.on('data', data => trouble.push(String(data)))
    return { child, ready: once(child, 'message') }
  }

  /** Dated now, as a live log is. */
  function writeRecord() {
    const text = recorded[nextRecord++ % recorded.length] ?? ''
    lastAt = Math.max(Date.now(), lastAt + 1)
    const dated = datedAt(text, lastAt)
    appendFileSync(file, dated)
    written += dated
    records += 1
  }

  function rotate() {
    rotations += 1
    writeFileSync(join(logs, `2026-11-25-${rotations}.zip`), zipOf('MCDR.log', readFileSync(file)))
    unlinkSync(file)
    // MCDR begins a file with a line of its own, which has a date; the server's output has none.
    while (!recorded[nextRecord % recorded.length]?.startsWith('[MCDR]')) nextRecord += 1
    writeRecord()
  }

  async function write() {
    while (!done) {
      if (random() < 0.02) rotate()
      else writeRecord()
      await sleep(random() * LONGEST_PAUSE_MS)
    }
  }

  try {
    appendFileSync(
      file,
      '[MCDR] [2026-11-25 00:00:00.000] [MainThread/INFO] [mcdr_server.py:606(f)]: starting\n',
    )
    // The first bridge begins at the end of the file, whatever it has: the story begins after that.
    let spare = begin()
    const first = spare
    await first.ready
    first.child.send({ config })
    await until('a first look at the log', () => positionIn(root) !== undefined)
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    children.delete(first.child)
    spare = begin()
    const writing = write()
    for (let kill = 0; kill < kills; kill += 1) {
      const { child, ready } = spare
      await ready
      spare = begin()
      const opened = once(child, 'message')
      child.send({ config })
      if (random() < 0.8) await opened
      await sleep(random() ** 2 * LONGEST_LIFE_MS)
      child.kill('SIGKILL')
      if (child.signalCode === null && child.exitCode === null) await once(child, 'exit')
      assert.equal(child.signalCode, 'SIGKILL', `a bridge ended by itself: ${trouble.join('')}`)
      children.delete(child)
    }
    done = true
    await writing
    const seen: Observation[] = []
    const scanner = createLogScanner()
    for (const record of [...scanner.push(Buffer.from(written)), ...scanner.flush()]) {
      const observation = observeLog(record, 'UTC', seen.at(-1)?.at)
      if (observation) seen.push(observation)
    }
    const expected = [
      ...replayEvents(mergeObservations([], seen), {
        server: 'survival',
        lifecycle: lifecycleSchema.parse({}),
        settle: false,
      }),
    ].map(({ id, name }) => `${id} ${name}`)
    await spare.ready
    spare.child.send({ config })
    await until('the last events', () => eventsIn(root).length >= expected.length, 30_000).catch(() => {
      // What is missing is told below.
    })
    assert.deepEqual(eventsIn(root), expected, 'events are missing, doubled or out of order')
    const taken = new Map<string, number>()
    await until(
      'the last deliveries',
      () => {
        taken.clear()
        for (const { body } of receiver.requests) {
          const { id, event } = JSON.parse(body) as { id: string; event: string }
          taken.set(`${id} ${event}`, (taken.get(`${id} ${event}`) ?? 0) + 1)
        }
        return taken.size >= expected.length
      },
      60_000,
    )
    assert.deepEqual(eventsIn(root), expected, 'events are missing, doubled or out of order')
    assert.deepEqual([...taken.keys()].sort(), expected.toSorted())
    assert.deepEqual(trouble, [])
    return {
      kills,
      records,
      rotations,
      events: expected.length,
      requests: receiver.requests.length,
      repeats: [...taken.values()].filter(count => count > 1).length,
    }
  } finally {
    done = true
    for (const child of children) {
      child.kill('SIGKILL')
      if (child.signalCode === null && child.exitCode === null) await once(child, 'exit')
    }
    await receiver.stop()
    rmSync(root, { recursive: true, force: true })
  }
}

/** What is on the disk by now. */
function look<T>(root: string, sql: string, shape: (rows: Record<string, unknown>[]) => T): T | undefined {
  const copy = join(root, 'copy')
  try {
    copyStore(join(root, 'data'), copy)
    const { database } = openDatabase(copy, 0)
    try {
      return shape(database.prepare(sql).all())
    } finally {
      database.close()
    }
  } catch {
    // Copied in the middle of a commit.
    return undefined
  }
}

function eventsIn(root: string): string[] {
  return (
    look(root, 'SELECT id, body FROM event ORDER BY seq', rows =>
      rows.map(({ id, body }) => `${id} ${JSON.parse(String(body)).name}`),
    ) ?? []
  )
}

function positionIn(root: string): unknown {
  return look(root, 'SELECT body FROM position', rows => rows[0]?.body)
}
