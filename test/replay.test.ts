import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { lifecycleSchema } from '../src/lifecycle.ts'
import type { Observation } from '../src/observation.ts'
import { observeLog } from '../src/observe.ts'
import { readRecording } from '../src/recording.ts'
import { mergeObservations, replayEvents } from '../src/replay.ts'
import { readLog } from '../src/source/log/read.ts'
import { zipOf } from './fake/zip.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const CORPUS = join(import.meta.dirname, 'fixture/corpus')
const SCENARIOS: string[] = Object.keys(JSON.parse(readFileSync(join(CORPUS, 'expected.json'), 'utf8')))
const logOf = (scenario: string) => join(CORPUS, scenario, 'mcdr.log')
const chatOf = (scenario: string, view = 'chat') => join(CORPUS, scenario, `${view}.jsonl`)

const home = mkdtempSync(join(tmpdir(), 'pb-bridge-replay-'))
after(() => rmSync(home, { recursive: true }))

async function observationsOf(log: string): Promise<Observation[]> {
  const seen: Observation[] = []
  for await (const records of readLog(log))
    for (const record of records) {
      const observation = observeLog(record, 'UTC', seen.at(-1)?.at)
      if (observation) seen.push(observation)
    }
  return seen
}

/** What the log knows of them; who typed a command is a hint that only chat has. */
function eventsOf(observations: Observation[]): object[] {
  const events = replayEvents(observations, {
    server: 'survival',
    lifecycle: lifecycleSchema.parse({}),
    settle: true,
  })
  return [...events].map(({ id, name, at, message, backup, costS, error }) => ({
    id,
    name,
    at,
    message,
    backup,
    costS,
    error,
  }))
}

/** The command as a process of its own, on a machine in UTC, as the recordings are. */
function replay(args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    const env = { PATH: process.env.PATH, TZ: 'UTC', NODE_COMPILE_CACHE: join(home, 'compiled') }
    execFile(process.execPath, [CLI, 'replay', ...args], { env, timeout: 30_000 }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}

function zipped(scenario: string): string {
  const file = join(home, `${scenario.replace('/', '-')}.zip`)
  writeFileSync(file, zipOf('MCDR.log', readFileSync(logOf(scenario))))
  return file
}

for (const view of ['chat', 'chat_op'])
  test(`a recording of chat (${view}) beside the log of the same minutes adds no event and takes none away`, async () => {
    let count = 0
    for (const scenario of SCENARIOS) {
      if (!existsSync(chatOf(scenario, view)) || !existsSync(logOf(scenario))) continue
      const chat = [
        ...readRecording(readFileSync(chatOf(scenario, view), 'utf8'), { prefix: '!!pb', chatPatterns: [] }),
      ]
      const log = await observationsOf(logOf(scenario))
      assert.deepEqual(eventsOf(mergeObservations(chat, log)), eventsOf(mergeObservations([], log)), scenario)
      count += 1
    }
    assert.ok(count > 60, `${count} recordings`)
  })

test('logs, zips and a recording of chat come in order of time, whatever the order of the arguments', async () => {
  const chat = ['--chat', chatOf('en_us/db_mix')]
  const database = ['--database', join(CORPUS, 'db/prime_backup_en_us.db')]
  const zip = zipped('en_us/make_ok')
  const log = logOf('en_us/db_mix')
  const [one, other, twice] = await Promise.all([
    replay(['--log', zip, log, ...database, ...chat]),
    replay([...chat, ...database, '--log', log, '--log', zip]),
    replay([...chat, ...database, '--log', log, zip, '--log', zip]),
  ])
  assert.deepEqual(one, { code: 0, stdout: one.stdout, stderr: '' })
  assert.deepEqual(other, one)
  assert.deepEqual(twice, one)
  const told = one.stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    told.map(({ event }) => event),
    [...Array(5).fill(['backup_start', 'backup_success']).flat(), 'restore_start', 'restore_success'],
  )
  const times = told.map(({ timestamp }) => timestamp.unix)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  // Whom chat can only guess, and what the log rounds.
  assert.equal(told.at(3).backup.raw_size, 1_916_073)
  assert.equal(told.at(3).extra.operator_hint, undefined)
})

test('a log that can’t be read ends the replay with one line, whatever else was readable', async () => {
  const binary = join(home, 'binary.log')
  writeFileSync(binary, Buffer.from([0, 255, 254, 10, 0, 200]))
  const corrupt = join(home, 'corrupt.zip')
  writeFileSync(corrupt, Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(100, 7)]))
  const good = logOf('en_us/make_ok')
  const table: [string[], number, RegExp][] = [
    [['--log', good, join(home, 'none.log')], 2, /^pb-bridge: .*none\.log: there is no such file[^\n]*\n$/],
    [['--log', home, good], 2, /^pb-bridge: [^\n]*: this is a folder; name the MCDR\.log in it\n$/],
    [['--log', good, corrupt], 2, /^pb-bridge: .*corrupt\.zip[^\n]*\n$/],
    [['--log', binary], 0, /^pb-bridge: .*binary\.log says nothing of Prime Backup\n$/],
  ]
  for (const [args, code, words] of table) {
    const got = await replay(args)
    assert.equal(got.code, code, got.stderr)
    assert.match(got.stderr, words)
    assert.equal(got.stdout, '')
  }
})
