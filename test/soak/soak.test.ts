/** The soak in short; `npm run soak` is the long one (docs/RELIABILITY.md). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heldBytes } from '../../bench/fleet/sample.ts'
import { judgeCounts } from '../../bench/soak/judge.ts'
import { soak } from '../../bench/soak/soak.ts'

/**
 * In so short a time V8 still compiles and caches, which takes about a megabyte; a leak of 100 bytes for each of the
 * sixty thousand packets that come would take more than this bound. What a busy machine can do less of makes it no smaller.
 */
const MOST_GROWTH_BYTES = 5e6
const LEAST_PACKETS = 10_000

test('eight bots on busy servers that break off, talk rubbish and tell backups leave nothing and lose nothing', async () => {
  const soaked = await soak({
    servers: 8,
    seed: 1,
    flushesPerSecond: 40,
    // A half-open connection is noticed after a minute.
    breaks: ['close', 'reset', 'kick', 'poison'],
    breakEveryMs: 60_000,
    pauseMs: 500,
    warmSeconds: 0,
    seconds: 12,
    sampleEveryMs: 3_000,
    say: () => {},
  })
  const { before, after, figures, faults } = soaked
  const { counts, told } = figures
  assert.deepEqual(faults, [])
  assert.deepEqual(judgeCounts(soaked).faults, [])
  const growth = heldBytes(after) - heldBytes(before)
  assert.ok(growth < MOST_GROWTH_BYTES, `${growth} bytes more after ${JSON.stringify(counts)}`)
  const broken = Object.entries(counts).filter(([what]) => what.startsWith('broken by'))
  assert.ok(broken.reduce((sum, [, count]) => sum + count, 0) >= 2, JSON.stringify(counts))
  assert.ok(told.length >= 10, `${told.length} backups were told`)
  assert.ok((counts.packets ?? 0) >= LEAST_PACKETS, `${counts.packets} packets`)
})
