import assert from 'node:assert/strict'
import { it } from 'node:test'
import { encodeVarint, readVarint } from '../../src/source/varint.ts'
import { fc } from '../fake/property.ts'

it('a number is read as it was written, wherever it stands, of all 32 bits', () => {
  fc.assert(
    fc.property(fc.integer(), fc.uint8Array({ maxLength: 4 }), (value, before) => {
      const bytes = encodeVarint(value)
      assert.ok(bytes.length <= 5)
      assert.deepEqual(readVarint(Buffer.concat([before, bytes, before]), before.length, 5), {
        value,
        size: bytes.length,
      })
    }),
  )
})

it('the bytes are the protocol’s', () => {
  const known: [number, number[]][] = [
    [0, [0x00]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [25_565, [0xdd, 0xc7, 0x01]],
    [2_097_151, [0xff, 0xff, 0x7f]],
    [2_147_483_647, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [-1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ]
  for (const [value, bytes] of known) {
    assert.deepEqual([...encodeVarint(value)], bytes)
    assert.deepEqual(readVarint(Buffer.from(bytes), 0, 5), { value, size: bytes.length })
  }
})

it('an unfinished number asks for more, and one too long is refused, be it finished or not', () => {
  assert.deepEqual(readVarint(Buffer.alloc(0), 0, 3), { value: 0, size: 0 })
  assert.deepEqual(readVarint(Buffer.from([0xff, 0xff]), 0, 3), { value: 0, size: 0 })
  assert.deepEqual(readVarint(Buffer.from([0xff, 0xff, 0xff]), 0, 3), { value: 0, size: -1 })
  assert.deepEqual(readVarint(Buffer.from([0xff, 0xff, 0xff, 0x01]), 0, 3), { value: 0, size: -1 })
  assert.deepEqual(readVarint(Buffer.from([1]), 7, 3), { value: 0, size: 0 })
})
