import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import nbt from 'prismarine-nbt'
import { type Component, parseComponent, textOf } from '../../src/source/component.ts'
import { readNbt } from '../../src/source/nbt.ts'
import { fc } from '../fake/property.ts'

type Node = { type: string; value: unknown }

const { big } = (
  nbt as unknown as { protos: { big: { createPacketBuffer(type: string, node: Node): Buffer } } }
).protos

/** A root as it travels, of the library's nodes. */
function bytesOf(node: Node): Buffer {
  return big.createPacketBuffer('anonymousNbt', node)
}

function componentOf(node: Node): Component | undefined {
  return parseComponent(readNbt(bytesOf(node), 0).value)
}

/** A component of which the only text is these bytes. */
function rootText(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([8, bytes.length >> 8, bytes.length & 0xff]), bytes])
}

const characters = fc.string({ unit: 'binary', maxLength: 12 }).filter(text => !text.includes('\u0000'))
/** Names that a component has, and others; each has one spelling only, as a server sends it. */
const names = fc.constantFrom(
  'text',
  'translate',
  'with',
  'extra',
  'color',
  'insertion',
  'bold',
  'clickEvent',
)
const hovers = fc.constantFrom('action', 'contents', 'value', 'command', 'url', 'hoverEvent')

const { node } = fc.letrec<{ node: Node; compound: Node; list: Node }>(tie => ({
  node: fc.oneof(
    { maxDepth: 5 },
    characters.map(value => ({ type: 'string', value })),
    fc.integer({ min: -128, max: 127 }).map(value => ({ type: 'byte', value })),
    fc.integer({ min: -32_768, max: 32_767 }).map(value => ({ type: 'short', value })),
    fc.integer().map(value => ({ type: 'int', value })),
    fc.double({ noNaN: true }).map(value => ({ type: 'double', value })),
    fc.tuple(fc.integer(), fc.integer()).map(value => ({ type: 'long', value })),
    fc.array(fc.integer({ min: -128, max: 127 })).map(value => ({ type: 'byteArray', value })),
    fc.array(fc.integer()).map(value => ({ type: 'intArray', value })),
    fc.array(fc.tuple(fc.integer(), fc.integer())).map(value => ({ type: 'longArray', value })),
    fc.constant({ type: 'string', value: 'show_text' }),
    tie('compound'),
    tie('list'),
  ),
  compound: fc
    .dictionary(fc.oneof(names, hovers, fc.constant('')), tie('node'), { maxKeys: 6 })
    // A plain string in a mixed list has an empty key, and no other.
    .map(value => (Object.hasOwn(value, 'text') ? omit(value, '') : value))
    .map(value => ({ type: 'compound', value })),
  list: fc
    .array(tie('node'), { maxLength: 4 })
    .map(nodes => nodes.filter(({ type }) => type === nodes[0]?.type))
    .map(nodes => ({
      type: 'list',
      value: { type: nodes[0]?.type ?? 'end', value: nodes.map(({ value }) => value) },
    })),
}))

function omit(value: { [name: string]: unknown }, key: string): { [name: string]: unknown } {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
}

describe('NBT in a packet', () => {
  it('gives the component that the library’s nodes give, however odd it is', () => {
    fc.assert(
      fc.property(node, root => {
        assert.deepEqual(componentOf(root), parseComponent(root))
      }),
      { numRuns: 2_000 },
    )
  })

  it('ends where it ends, and is cut short nowhere', () => {
    fc.assert(
      fc.property(node, fc.uint8Array({ maxLength: 5 }), (root, after) => {
        const bytes = bytesOf(root)
        const { size } = readNbt(Buffer.concat([Buffer.from([7]), bytes, after]), 1)
        assert.equal(size, bytes.length)
        for (let length = 0; length < Math.min(bytes.length, 60); length++)
          assert.throws(() => readNbt(bytes.subarray(0, length), 0), RangeError)
      }),
    )
  })

  it('of arbitrary bytes is read or refused, and costs no more than it is long', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        try {
          const { value, size } = readNbt(Buffer.from(bytes), 0)
          assert.ok(size >= 1 && size <= bytes.length)
          parseComponent(value)
        } catch (error) {
          assert.ok(error instanceof RangeError, String(error))
        }
      }),
      { numRuns: 2_000 },
    )
    // A list of two thousand million nothings.
    const nothings = Buffer.from([9, 0, 0x7f, 0xff, 0xff, 0xff])
    assert.equal(readNbt(nothings, 0).size, 6)
    assert.deepEqual(parseComponent(readNbt(nothings, 0).value)?.children, [])
  })

  it('holds what lies beyond the Basic Multilingual Plane as Java writes it, and as everybody else does', () => {
    // U+1F409, a dragon: each half of the pair in three bytes; and U+0000 in two.
    const java = Buffer.from([0x61, 0xed, 0xa0, 0xbd, 0xed, 0xb0, 0x89, 0xc0, 0x80, 0xe5, 0x9f, 0xba])
    assert.equal(textOf(parsed(rootText(java))), 'a🐉\u0000基')
    assert.equal(textOf(parsed(rootText(Buffer.from('a🐉基')))), 'a🐉基')
    const broken = rootText(Buffer.from([0x61, 0xff, 0xfe]))
    assert.equal(textOf(parsed(broken)), 'a\ufffd\ufffd')
  })

  it('is no component where it is too deep, too wide or too long, or nothing', () => {
    const deep = (levels: number): Node => {
      let inner: Node = { type: 'string', value: 'x' }
      for (let level = 0; level < levels; level++)
        inner = { type: 'list', value: { type: inner.type, value: [inner.value] } }
      return inner
    }
    const wide = (count: number): Node => ({
      type: 'list',
      value: { type: 'string', value: Array.from({ length: count }, () => 'x') },
    })
    const long = (length: number): Node => ({
      type: 'list',
      value: { type: 'string', value: Array.from({ length: length / 1024 }, () => 'x'.repeat(1024)) },
    })
    assert.ok(componentOf(deep(64)))
    assert.equal(componentOf(deep(65)), undefined)
    assert.ok(componentOf(wide(4095)))
    assert.equal(componentOf(wide(4096)), undefined)
    assert.ok(componentOf(long(262_144)))
    assert.equal(componentOf(long(263_168)), undefined)
    assert.equal(parseComponent(readNbt(Buffer.from([0]), 0).value), undefined)
    assert.throws(() => readNbt(bytesOf(deep(600)), 0), RangeError)
  })
})

function parsed(bytes: Buffer): Component {
  const component = parseComponent(readNbt(bytes, 0).value)
  assert.ok(component)
  return component
}
