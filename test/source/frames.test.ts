import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFrames, type Judge, MAX_FRAME_BYTES } from '../../src/source/frames.ts'
import { encodeVarint } from '../../src/source/varint.ts'
import { frame } from '../fake/game.ts'
import { fc } from '../fake/property.ts'

/** A frame here is wanted if its byte of this number is odd; one that is shorter can't be told, and so is. */
const byteTells = (index: number): Judge => {
  return (bytes, start, end, isWhole) => {
    if (start + index < end) return (bytes[start + index] ?? 0) % 2 === 1
    return isWhole ? true : undefined
  }
}

function collect(judge: Judge) {
  const taken: string[] = []
  const faults: string[] = []
  const frames = createFrames({
    judge,
    take: (bytes, start, end) => taken.push(bytes.toString('hex', start, end)),
    onTooLong: () => faults.push('too long'),
  })
  return { taken, faults, frames }
}

/** The bytes in pieces of these sizes, again and again; each overwritten when it was handed over. */
function feed(frames: ReturnType<typeof createFrames>, bytes: Buffer, sizes: number[]): number {
  const shared = Buffer.alloc(Math.max(...sizes))
  let count = 0
  let offset = 0
  for (let index = 0; offset < bytes.length; index++) {
    const size = Math.min(sizes[index % sizes.length] ?? 1, bytes.length - offset)
    bytes.copy(shared, 0, offset, offset + size)
    count += frames.write(shared.subarray(0, size))
    shared.fill(0xff)
    offset += size
  }
  return count
}

describe('the frames of a connection', () => {
  it('are taken whole and in their order, whatever the pieces, and counted whether wanted or not', () => {
    const packets = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 30 })
    const sizes = fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(packets, sizes, fc.integer({ min: 0, max: 600 }), (all, pieces, index) => {
        const { taken, faults, frames } = collect(byteTells(index))
        const stream = Buffer.concat(all.map(bytes => frame(Buffer.from(bytes))))
        assert.equal(feed(frames, stream, pieces), all.length)
        const wanted = all.filter(bytes => bytes.length > 0 && (bytes[index] ?? 1) % 2 === 1)
        assert.deepEqual(
          taken,
          wanted.map(bytes => Buffer.from(bytes).toString('hex')),
        )
        assert.deepEqual(faults, [])
      }),
      { numRuns: 300 },
    )
  })

  it('of a wanted one are held once, however many pieces it comes in', () => {
    const { taken, frames } = collect(byteTells(0))
    const packet = Buffer.alloc(200_000, 1)
    const startedAt = performance.now()
    feed(frames, frame(packet), [1])
    assert.deepEqual(taken, [packet.toString('hex')])
    // To join the pieces anew with each would copy 20 GB.
    assert.ok(performance.now() - startedAt < 5_000)
  })

  it('that nobody wants are not held, however large', () => {
    const { taken, frames } = collect(byteTells(0))
    const packet = frame(Buffer.alloc(MAX_FRAME_BYTES, 2))
    const { arrayBuffers } = process.memoryUsage()
    feed(frames, packet.subarray(0, -1), [65_536])
    assert.ok(process.memoryUsage().arrayBuffers - arrayBuffers < 500_000, 'it is held')
    assert.equal(feed(frames, Buffer.concat([packet.subarray(-1), frame(Buffer.from([1]))]), [7]), 1)
    assert.deepEqual(taken, ['01'])
  })

  it('end with a length over the limit, for good', () => {
    for (const length of [encodeVarint(MAX_FRAME_BYTES + 1), Buffer.alloc(9, 0xff)]) {
      for (const pieces of [[1], [100]]) {
        const { taken, faults, frames } = collect(byteTells(0))
        feed(frames, Buffer.concat([frame(Buffer.from([1])), length, frame(Buffer.from([3]))]), pieces)
        assert.deepEqual(taken, ['01'])
        assert.deepEqual(faults, ['too long'])
      }
    }
  })
})
