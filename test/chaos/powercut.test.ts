/** A machine that loses its power: of the store's files there is what they were at that instant, the last write torn. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { STORE_FILE } from '../../src/outbox/database.ts'
import { openHouse } from './house.ts'
import { copyStore } from './verify.ts'

const CUTS = 25
const WAL_HEADER = 32
const FRAME_HEADER = 24

/** The bytes up to the end of the last committed transaction: what SQLite has waited for the disk to take. */
function committedLength(wal: Buffer): number {
  if (wal.length < WAL_HEADER) return 0
  const frame = FRAME_HEADER + wal.readUInt32BE(8)
  const salt = wal.subarray(16, 24)
  let committed = WAL_HEADER
  for (let at = WAL_HEADER; at + frame <= wal.length; at += frame) {
    // Frames of an earlier round of the file have another salt; a commit names the size of the database.
    if (!wal.subarray(at + 8, at + 16).equals(salt)) break
    if (wal.readUInt32BE(at + 4) > 0) committed = at + frame
  }
  return committed
}

/** What came after the last commit is there in part, or is noise. */
function tear(file: string, random: () => number): void {
  const wal = readFileSync(file)
  const committed = committedLength(wal)
  const noise = Buffer.from(
    Array.from({ length: Math.floor(random() * 9000) }, () => Math.floor(random() * 256)),
  )
  const tail = wal.subarray(committed)
  const kept = tail.subarray(0, Math.floor(random() * tail.length))
  writeFileSync(file, Buffer.concat([wal.subarray(0, committed), random() < 0.5 ? kept : noise]))
}

test('a power cut at any moment keeps all that was said to be stored, and the rest of the input follows', async t => {
  const house = await openHouse({ seed: 3, lines: 1500, longestPauseMs: 3 })
  try {
    const cut = join(house.dir, '../cut')
    await house.enter()
    const child = house.child()
    let last = 0
    for (let count = 0; count < CUTS; count++) {
      await sleep(house.random() * 60)
      // Stopped between two writes, so that the files are of one instant.
      child.kill('SIGSTOP')
      copyStore(house.dir, cut)
      child.kill('SIGCONT')
      const wal = join(cut, `${STORE_FILE}-wal`)
      if (house.stored()) tear(wal, house.random)
      const { position } = house.verify(cut)
      assert.ok(position >= last)
      last = position
    }
    t.diagnostic(`${CUTS} cuts up to line ${last}`)
    assert.ok(last > CUTS)
    // The machine is up again, with what the last cut left.
    child.kill('SIGKILL')
    await house.gone()
    rmSync(house.dir, { recursive: true })
    cpSync(cut, house.dir, { recursive: true })
    const figures = await house.finish()
    t.diagnostic(JSON.stringify(figures))
  } finally {
    await house.leave()
  }
})
