import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync, constants as zlib } from 'node:zlib'
import { inflater, plainInflater } from '../../src/source/inflate.ts'
import { fc } from '../fake/property.ts'

const STRATEGIES = [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED]

const packings = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(...STRATEGIES),
  windowBits: fc.integer({ min: 9, max: 15 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
})
/** Of few different bytes, or of many. */
const texts = fc
  .integer({ min: 0, max: 255 })
  .chain(max => fc.array(fc.integer({ min: 0, max }), { maxLength: 3_000 }).map(bytes => Buffer.from(bytes)))

it('the handle that Node keeps for itself is what it was', () => {
  assert.notEqual(inflater, plainInflater, 'inflating costs ten times as much; see src/source/inflate.ts')
})

for (const [name, { begin, whole }] of Object.entries({
  'one handle': inflater,
  inflateSync: plainInflater,
})) {
  describe(`inflating with ${name}`, () => {
    it('gives all of what was packed, wherever it lies', () => {
      fc.assert(
        fc.property(texts, packings, fc.nat(9), (text, packing, before) => {
          const packed = deflateSync(text, packing)
          const around = Buffer.concat([Buffer.alloc(before, 0x78), packed, Buffer.alloc(before, 0x78)])
          assert.deepEqual(whole(around, before, before + packed.length, text.length), text)
        }),
      )
    })

    it('gives the first bytes from 520 packed ones, though the end be missing', () => {
      fc.assert(
        fc.property(texts, packings, (text, packing) => {
          const packed = deflateSync(text, packing)
          const into = Buffer.alloc(5)
          const count = begin(packed, 0, Math.min(packed.length, 520), into)
          assert.equal(count, Math.min(5, text.length))
          assert.deepEqual(into.subarray(0, count), text.subarray(0, count))
        }),
      )
    })

    it('refuses what is not sound, or of another size than it says, and goes on', () => {
      const text = Buffer.from('as it was, as it was, as it was')
      const packed = deflateSync(text)
      const corrupt = Buffer.from(packed)
      corrupt[corrupt.length - 1] = ~(corrupt.at(-1) ?? 0)
      const refused: [Buffer, number][] = [
        [packed, text.length - 1],
        [packed, text.length + 1],
        [packed.subarray(0, -1), text.length],
        [packed.subarray(0, 5), text.length],
        [corrupt, text.length],
        [text, text.length],
        [Buffer.alloc(0), 1],
        [deflateSync(Buffer.alloc(24 * 2 ** 20)), 300],
      ]
      const { rss } = process.memoryUsage()
      for (const [bytes, size] of refused) {
        assert.throws(() => whole(bytes, 0, bytes.length, size))
        assert.deepEqual(whole(packed, 0, packed.length, text.length), text)
      }
      assert.ok(process.memoryUsage().rss - rss < 16 * 2 ** 20, 'a bomb went off')
      const into = Buffer.alloc(5)
      assert.ok(begin(text, 0, text.length, into) < 0)
      assert.equal(begin(packed, 0, 2, into), 0)
      assert.equal(begin(packed, 0, packed.length, into), 5)
    })
  })
}
