/** One measurement of each kind; what was seen is checked in each. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Child, scriptIn, startChild } from './child.ts'
import type { Usage } from './seat.ts'
import type { GameServer } from './server.ts'
import { backupLines, type Flush, lastFlush, TICK_MS } from './stream.ts'

export type Bench = { server: GameServer; scripts: string; minute: Flush[]; steadySeconds: number }

/** Milliseconds of CPU (`steady`: a second), megabytes of RSS. */
export type Figures = { start: number; burst: number; steady: number; rssInPlay: number; rssAfter: number }

const SETTLE_MS = 1_000

/** One client of a kind: its start, the minute at once, and then some seconds of it at its own pace. */
export async function measureOne(kind: string, bench: Bench): Promise<Figures> {
  const child = await startChild(scriptIn(bench.scripts, kind), bench.server.port, 1)
  try {
    await bench.server.joined(1)
    await sleep(SETTLE_MS)
    const inPlay = await child.measure()
    const unit = kind === 'floor' ? 'frames' : 'lines'
    const all = [...bench.minute, lastFlush()]
    const burst = await seen(child, all, unit, async () =>
      say(bench, Buffer.concat(all.map(({ bytes }) => bytes))),
    )
    await sleep(SETTLE_MS)
    const { flushes, play } = steadily(bench)
    const steady = await seen(child, flushes, unit, play)
    const after = await child.measure()
    if (unit === 'lines') await check(kind, child, [...all, ...flushes])
    return {
      start: child.joined.cpuMs,
      burst: burst.cpuMs,
      steady: steady.cpuMs / steady.seconds,
      rssInPlay: inPlay.rssMB,
      rssAfter: after.rssMB,
    }
  } finally {
    await child.stop()
    bench.server.forget()
  }
}

/** Many clients of a kind in one process, idle and then busy. */
export async function measureCrowd(
  kind: string,
  count: number,
  bench: Bench,
): Promise<{ rss: number; steadyEach: number }> {
  const child = await startChild(scriptIn(bench.scripts, kind), bench.server.port, count)
  try {
    await bench.server.joined(count)
    await sleep(3 * SETTLE_MS)
    const idle = await child.measure()
    const { flushes, play } = steadily(bench)
    const steady = await seen(child, flushes, 'lines', play)
    await check(kind, child, flushes)
    return { rss: idle.rssMB, steadyEach: steady.cpuMs / steady.seconds / count }
  } finally {
    await child.stop()
    bench.server.forget()
  }
}

/** The whole bridge with its store on the disk, through the same; checked by what arrives at the endpoint. */
export async function measureBridge(bench: Bench): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'pb-bridge-bench-'))
  const receiver = await startReceiver()
  const child = await startChild(
    scriptIn(bench.scripts, 'bridge'),
    bench.server.port,
    1,
    receiver.url,
    folder,
  )
  try {
    await bench.server.joined(1)
    await sleep(SETTLE_MS)
    const inPlay = await child.measure()
    const { start, success } = backupLines()
    const backup = async (between: () => Promise<void>) => {
      say(bench, start)
      await receiver.next()
      await between()
      say(bench, success)
      await receiver.next()
    }
    await backup(async () => say(bench, Buffer.concat(bench.minute.map(({ bytes }) => bytes))))
    const burst = await child.measure()
    await sleep(SETTLE_MS)
    const settled = await child.measure()
    const startedAt = performance.now()
    await steadily(bench).play()
    const after = await child.measure()
    const seconds = (performance.now() - startedAt) / 1000
    await backup(async () => {})
    assert.deepEqual(receiver.events, ['backup_start', 'backup_success', 'backup_start', 'backup_success'])
    return {
      start: inPlay.cpuMs,
      burst: burst.cpuMs - inPlay.cpuMs,
      steady: (after.cpuMs - settled.cpuMs) / seconds,
      rssInPlay: inPlay.rssMB,
      rssAfter: after.rssMB,
    }
  } finally {
    await child.stop()
    bench.server.forget()
    await receiver.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Milliseconds from a line of chat that leaves the server to the request that arrives for it; and of POSTs alone. */
export async function measureLatency(
  count: number,
  bench: Bench,
): Promise<{ line: number[]; post: number[] }> {
  const receiver = await startReceiver()
  const script = scriptIn(bench.scripts, 'bridge')
  const child = await startChild(script, bench.server.port, 1, receiver.url, 'memory', 0)
  const line: number[] = []
  try {
    await bench.server.joined(1)
    await sleep(SETTLE_MS)
    const { start, success } = backupLines()
    for (let index = 0; index < count; index++) {
      const at = performance.now()
      say(bench, index % 2 === 0 ? start : success)
      line.push((await receiver.next()) - at)
      await sleep(20)
    }
    const poster = fork(scriptIn(bench.scripts, 'post'), [receiver.url, String(count)], { execArgv: [] })
    const [post] = (await once(poster, 'message')) as [number[]]
    return { line, post }
  } finally {
    await child.stop()
    bench.server.forget()
    await receiver.stop()
  }
}

/** To everybody in play. */
function say({ server }: Bench, bytes: Buffer): void {
  for (const guest of server.guests) guest.write(bytes)
}

/** Some seconds from the middle of the minute, a flush a tick. */
function steadily(bench: Bench): { flushes: Flush[]; play(): Promise<void> } {
  const count = Math.round((bench.steadySeconds * 1000) / TICK_MS)
  const flushes = [...bench.minute.slice(300, 300 + count), lastFlush()]
  return {
    flushes,
    play: async () => {
      const startedAt = performance.now()
      for (const [index, { bytes }] of flushes.entries()) {
        say(bench, bytes)
        const waitMs = startedAt + (index + 1) * TICK_MS - performance.now()
        if (waitMs > 0) await sleep(waitMs)
      }
    },
  }
}

async function seen(
  child: Child,
  flushes: Flush[],
  unit: 'lines' | 'frames',
  play: () => Promise<void>,
): Promise<Usage & { seconds: number }> {
  const count = flushes.reduce(
    (sum, { lines, frames }) => sum + (unit === 'lines' ? lines.length : frames),
    0,
  )
  const { done } = await child.watch(count)
  await play()
  return done
}

async function check(kind: string, child: Child, flushes: Flush[]): Promise<void> {
  const wanted = flushes.flatMap(({ lines }) => lines)
  for (const lines of await child.lines()) {
    const wrong = wanted.findIndex((line, index) => lines[index] !== line)
    assert.equal(wrong, -1, `${kind} saw "${lines[wrong]}" instead of "${wanted[wrong]}" at ${wrong}`)
    assert.equal(lines.length, wanted.length, `${kind} saw too much`)
  }
}

async function startReceiver() {
  const events: string[] = []
  let onRequest = (_at: number) => {}
  let taken = 0
  let lastAt = 0
  const server = createServer((request, response) => {
    lastAt = performance.now()
    void text(request).then(body => {
      response.end('ok')
      events.push(String((JSON.parse(body) as { event?: unknown }).event))
      onRequest(lastAt)
    })
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    events,
    /** Resolves with the time at which the next request came. */
    next: () =>
      new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no request within 60 s')), 60_000)
        onRequest = at => {
          if (events.length <= taken) return
          taken += 1
          clearTimeout(timer)
          onRequest = () => {}
          resolve(at)
        }
        onRequest(lastAt)
      }),
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
