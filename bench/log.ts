/**
 * Searching a log: ours, a readline loop, and grep, on one file that is in the page cache. They take turns, round by
 * round; MB/s and CPU are medians of the rounds, ratios are medians of the ratios within a round. All must count alike.
 * `BENCH_BYTES`: the size of the log (268,435,456 by default).
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseHead, parseLine } from '../src/primebackup/log.ts'
import { readLog } from '../src/source/log/read.ts'
import { median, table } from './measure.ts'

const ROUNDS = 5
const NEEDLE = '[prime_backup]: '

type Result = { count: number; seconds: number; cpuSeconds: number }

export async function benchLog(): Promise<void> {
  const bytes = Number(process.env.BENCH_BYTES ?? 256 * 1024 ** 2)
  const dir = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'pb-bridge-bench-'))
  const file = join(dir, 'MCDR.log')
  try {
    const wanted = writeLog(file, bytes)
    await catchUp(file, bytes)
    const cases: { name: string; run(): Promise<Result> }[] = [
      { name: 'ours: readLog, to records', run: () => inside(() => countRecords(file)) },
      { name: 'readline and five patterns', run: () => inside(() => countLines(file)) },
      {
        name: 'tail piped to grep -F',
        run: async () => outside('sh', ['-c', `tail -n +1 "$1" | grep -cF "${NEEDLE}"`, 'sh', file]),
      },
      { name: 'grep -cF', run: async () => outside('grep', ['-cF', NEEDLE, file]) },
    ]
    const results: Result[][] = cases.map(() => [])
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, { name, run }] of cases.entries()) {
        const result = await run()
        assert.equal(result.count, wanted, `${name} counts otherwise`)
        // The first round warms up.
        if (round > 0) results[index]?.push(result)
      }
    }
    const ours = results[0] ?? []
    const ratio = (index: number, of: (result: Result) => number) =>
      median(ours.map((one, round) => of(results[index]?.[round] ?? one) / of(one)))
    console.log(`${Math.round(bytes / 1024 ** 2)} MiB, ${wanted} records of Prime Backup\n`)
    console.log(
      table(
        ['', 'MB/s', 'ours, × as fast', 'CPU ms', 'CPU, × ours'],
        cases.map(({ name }, index) => [
          name,
          (bytes / 1e6 / median(results[index]?.map(({ seconds }) => seconds) ?? [])).toFixed(0),
          ratio(index, ({ seconds }) => seconds).toFixed(2),
          (1000 * median(results[index]?.map(({ cpuSeconds }) => cpuSeconds) ?? [])).toFixed(0),
          ratio(index, ({ cpuSeconds }) => cpuSeconds).toFixed(2),
        ]),
      ),
    )
    const faster = ratio(1, ({ seconds }) => seconds)
    console.log(
      `\nours = ${faster.toFixed(1)} × readline (goal: at least 10): ${faster >= 10 ? 'met' : 'MISSED'}`,
    )
    const grep = ratio(3, ({ seconds }) => seconds)
    console.log(`\nours = ${grep.toFixed(2)} × grep -cF (goal: level)`)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** What a catch-up leaves in memory: the most of it at any block, beside what the process had before. */
async function catchUp(file: string, bytes: number) {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let most = before
  for await (const records of readLog(file))
    if (records.length > 0) most = Math.max(most, process.memoryUsage.rss())
  console.log(
    `catch-up of ${Math.round(bytes / 1024 ** 2)} MiB: RSS grew by ${((most - before) / 1024 ** 2).toFixed(1)} MiB at most\n`,
  )
}

async function inside(count: () => Promise<number>): Promise<Result> {
  const cpu = process.cpuUsage()
  const started = performance.now()
  const found = await count()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return { count: found, seconds, cpuSeconds: (user + system) / 1e6 }
}

function outside(command: string, args: string[]): Result {
  const started = performance.now()
  // `times` of the shell tells the processor time of its children.
  const { stdout } = spawnSync('sh', ['-c', '"$@"; times', 'sh', command, ...args], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  const seconds = (performance.now() - started) / 1000
  const [count = '', , children = ''] = stdout.split('\n')
  const cpuSeconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  )
  return { count: Number(count), seconds, cpuSeconds }
}

async function countRecords(file: string): Promise<number> {
  let count = 0
  for await (const records of readLog(file))
    count += records.filter(({ head }) => head.includes(NEEDLE)).length
  return count
}

const PATTERNS = [
  /\[prime_backup\]: \[PB\] (?:Creating backup, please wait|创建备份中)/,
  /\[prime_backup\]: \[PB\] (?:Backup completed, ID #(\d+)|备份完成, ID #(\d+))/,
  /\[prime_backup\]: Task <.*> run error$/,
  /\[prime_backup\]: Restore to backup #(\d+) (?:done|failed)/,
  /\[prime_backup\]: /,
]

/** What one writes first: every line as text, every pattern on it. */
async function countLines(file: string): Promise<number> {
  let count = 0
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  }))
    if (PATTERNS.some(pattern => pattern.test(line))) count += 1
  return count
}

/** Mostly the server's output and other plugins, a backup every few thousand lines; returns how many lines are PB's. */
function writeLog(file: string, bytes: number): number {
  const head = '[MCDR] [2026-11-25 00:19:49.396] [TaskExecutor/INFO] [plugin.py:16(run)]'
  const chatter = Array.from({ length: 4000 }, (_, index) =>
    index % 5 === 0
      ? `${head} [some_plugin]: player ${index} has been online for ${index * 7} seconds\n`
      : `[Server] [00:19:49] [Server thread/INFO]: Steve${index} moved too quickly! ${index}.5,${index}.25,-1.0 世界\n`,
  ).join('')
  const worker =
    '[MCDR] [2026-11-25 00:19:49.396] [PB@298d-worker-heavy/INFO] [misc_utils.py:16(run)] [prime_backup]: '
  const backup = [
    '[PB] Creating backup, please wait',
    '[PB] Backup completed, ID #1, cost 0.2s, total 1MiB (+1MiB)',
  ]
  for (const line of backup) assert.ok(parseLine(parseHead(worker + line) ?? assert.fail(), ''))
  const block = Buffer.from(chatter + backup.map(line => `${worker}${line}\n`).join(''))
  const handle = openSync(file, 'w')
  let written = 0
  let lines = 0
  while (written < bytes) {
    written += writeSync(handle, block)
    lines += backup.length
  }
  closeSync(handle)
  return lines
}
