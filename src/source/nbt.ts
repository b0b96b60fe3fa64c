/**
 * NBT as it travels in packets (1.20.2 and later: the root has no name), read into plain values at once. The protocol
 * library reads it into nodes that each name their type, at several times the cost, and spoils what lies beyond the Basic
 * Multilingual Plane. Format: wiki, NBT and "Modified UTF-8".
 */

/** A root, told apart from the JSON and the library's nodes that older versions' packets hold. */
export class Nbt {
  /** Strings, numbers, arrays and objects without a prototype; undefined for arrays of numbers and for 64-bit ones. */
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** Vanilla's limit of depth; the others are far more than a component may have. What is larger is none. */
const MAX_DEPTH = 512
const MAX_TAGS = 65_536
const MAX_TEXT_BYTES = 1_048_576

/** Of the call that runs. */
let bytes: Buffer = Buffer.alloc(0)
let position = 0
let tags = 0
let textBytes = 0

/** The root at `offset`, and how many bytes it takes. Throws RangeError where it is cut short, or too large. */
export function readNbt(from: Buffer, offset: number): { value: Nbt; size: number } {
  bytes = from
  position = offset
  tags = 0
  textBytes = 0
  const type = bytes.readUInt8(position++)
  const value = type === 0 ? undefined : readPayload(type, 0)
  return { value: new Nbt(value), size: position - offset }
}

function readPayload(type: number, depth: number): unknown {
  tags += 1
  if (depth > MAX_DEPTH || tags > MAX_TAGS) throw new RangeError('NBT is too large')
  switch (type) {
    case 1:
      return bytes.readInt8(advance(1))
    case 2:
      return bytes.readInt16BE(advance(2))
    case 3:
      return bytes.readInt32BE(advance(4))
    case 4:
      return void advance(8)
    case 5:
      return bytes.readFloatBE(advance(4))
    case 6:
      return bytes.readDoubleBE(advance(8))
    case 7:
      return void advance(readLength())
    case 8:
      return readText()
    case 9:
      return readList(depth)
    case 10:
      return readCompound(depth)
    case 11:
      return void advance(4 * readLength())
    case 12:
      return void advance(8 * readLength())
    default:
      throw new RangeError(`NBT has no type ${type}`)
  }
}

/** Where so many bytes begin, which are passed by it. */
function advance(count: number): number {
  const start = position
  position += count
  if (count < 0 || position > bytes.length) throw new RangeError('NBT is cut short')
  return start
}

function readLength(): number {
  return bytes.readInt32BE(advance(4))
}

function readList(depth: number): unknown[] {
  const type = bytes.readUInt8(advance(1))
  const values: unknown[] = []
  // Without a type there is nothing to read, whatever the length says.
  const length = type === 0 ? 0 : readLength()
  if (type === 0) advance(4)
  for (let index = 0; index < length; index++) values.push(readPayload(type, depth + 1))
  return values
}

function readCompound(depth: number): object {
  const values: { [name: string]: unknown } = Object.create(null)
  for (;;) {
    const type = bytes.readUInt8(advance(1))
    if (type === 0) return values
    const name = readText()
    values[name] = readPayload(type, depth + 1)
  }
}

function readText(): string {
  const length = bytes.readUInt16BE(advance(2))
  const start = advance(length)
  textBytes += length
  if (textBytes > MAX_TEXT_BYTES) throw new RangeError('NBT is too large')
  const text = bytes.toString('utf8', start, position)
  // U+FFFD stands for what is no UTF-8: a surrogate on its own, or a zero in two bytes, as Java writes them.
  return text.includes('\ufffd') ? readModified(start, position) : text
}

/** Java's UTF-8: each half of a pair in three bytes, and U+0000 in two. */
function readModified(start: number, end: number): string {
  const units: number[] = []
  for (let index = start; index < end; ) {
    const first = bytes[index++] ?? 0
    if (first < 0x80) units.push(first)
    else if (first >> 5 === 0b110) units.push(((first & 0x1f) << 6) | continued(index++, end))
    else if (first >> 4 === 0b1110) {
      const high = continued(index++, end) << 6
      units.push(((first & 0x0f) << 12) | high | continued(index++, end))
    } else return bytes.toString('utf8', start, end)
  }
  let text = ''
  for (let index = 0; index < units.length; index += 1024)
    text += String.fromCharCode(...units.slice(index, index + 1024))
  return text
}

function continued(index: number, end: number): number {
  return index < end ? (bytes[index] ?? 0) & 0x3f : 0
}
