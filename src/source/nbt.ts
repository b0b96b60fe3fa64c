/**
 * NBT as it travels in packets (1.20.2 and later: the root has no name). The protocol library reads it into nodes that each
 * name their type, at many times the cost, and spoils what lies beyond the Basic Multilingual Plane. Here a packet only
 * tells where its NBT ends, and who wants to know what is in it walks through it once. Format: wiki, NBT and "Modified
 * UTF-8".
 */

/** The types of tags that are told apart here. */
export const TAG = {
  end: 0,
  byte: 1,
  short: 2,
  int: 3,
  float: 5,
  double: 6,
  string: 8,
  list: 9,
  compound: 10,
}

/** Bytes of the payloads that have always as many, by type; 0 for the others. */
const FIXED_BYTES = [0, 1, 2, 4, 8, 4, 8, 0, 0, 0, 0, 0, 0]
/** Bytes of an element of the types that are arrays of numbers. */
const ELEMENT_BYTES = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4, 8]

/** Vanilla's limit. */
const MAX_DEPTH = 512

/** A root in a packet, unread; told apart from the JSON and the library's nodes of older versions and of recordings. */
export class Nbt {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }
}

/** The root at `offset`, as the library reads its types. Throws RangeError where it is cut short, or too deep. */
export function readNbt(bytes: Buffer, offset: number): { value: Nbt; size: number } {
  const type = bytes[offset] ?? 0
  const end = type === TAG.end ? offset + 1 : endOf(bytes, type, offset + 1, 0)
  if (end > bytes.length) throw new RangeError('NBT is cut short')
  return { value: new Nbt(bytes, offset, end), size: end - offset }
}

/** Where the payload of a type ends. */
function endOf(bytes: Buffer, type: number, start: number, depth: number): number {
  if (depth > MAX_DEPTH) throw new RangeError('NBT is too deep')
  const fixed = FIXED_BYTES[type]
  if (fixed === undefined) throw new RangeError(`NBT has no type ${type}`)
  if (fixed > 0) return start + fixed
  if (type === TAG.string) return start + 2 + bytes.readUInt16BE(start)
  if (type === TAG.compound) {
    let at = start
    for (;;) {
      const inner = bytes.readUInt8(at)
      if (inner === TAG.end) return at + 1
      at = endOf(bytes, inner, at + 3 + bytes.readUInt16BE(at + 1), depth + 1)
    }
  }
  if (type !== TAG.list) return start + 4 + lengthAt(bytes, start) * (ELEMENT_BYTES[type] ?? 0)
  const element = bytes.readUInt8(start)
  const length = lengthAt(bytes, start + 1)
  const first = start + 5
  if (element === TAG.end) return first
  const each = FIXED_BYTES[element] ?? 0
  if (each > 0) return first + each * length
  let at = first
  for (let left = length; left > 0; left--) at = endOf(bytes, element, at, depth + 1)
  return at
}

function lengthAt(bytes: Buffer, offset: number): number {
  return Math.max(bytes.readInt32BE(offset), 0)
}

/** Walks through one root from its beginning to its end. */
export class NbtReader {
  private readonly bytes: Buffer
  private readonly start: number
  /** The same bytes as characters: one call into native code for all texts, where each would be another. */
  private readonly latin: string
  private position = 0

  constructor({ bytes, start, end }: Nbt) {
    this.bytes = bytes
    this.start = start
    this.latin = bytes.toString('latin1', start, end)
  }

  readType(): number {
    return this.latin.charCodeAt(this.position++)
  }

  /** Of a list. */
  readLength(): number {
    const length = lengthAt(this.bytes, this.start + this.position)
    this.position += 4
    return length
  }

  readText(): string {
    const latin = this.latin
    const length = (latin.charCodeAt(this.position) << 8) | latin.charCodeAt(this.position + 1)
    const start = this.position + 2
    const end = start + length
    this.position = end
    for (let index = start; index < end; index++)
      if (latin.charCodeAt(index) > 0x7f) return wideText(this.bytes, this.start + start, this.start + end)
    return latin.slice(start, end)
  }

  /** The number of a type that has one in 32 bits or as a fraction; undefined for others, which are passed over. */
  readNumber(type: number): number | undefined {
    const at = this.start + this.position
    this.skip(type)
    switch (type) {
      case TAG.byte:
        return this.bytes.readInt8(at)
      case TAG.short:
        return this.bytes.readInt16BE(at)
      case TAG.int:
        return this.bytes.readInt32BE(at)
      case TAG.float:
        return this.bytes.readFloatBE(at)
      case TAG.double:
        return this.bytes.readDoubleBE(at)
      default:
        return undefined
    }
  }

  /** Passes over a payload. */
  skip(type: number): void {
    this.position = endOf(this.bytes, type, this.start + this.position, 0) - this.start
  }
}

/** Text with more than ASCII in it. */
function wideText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  // U+FFFD stands for what is no UTF-8: half of a pair on its own, or a zero in two bytes, as Java writes them.
  return text.includes('\ufffd') ? modifiedText(bytes, start, end) : text
}

/** Java's UTF-8: each half of a pair in three bytes, and U+0000 in two. */
function modifiedText(bytes: Buffer, start: number, end: number): string {
  const continued = (index: number) => (index < end ? (bytes[index] ?? 0) & 0x3f : 0)
  let text = ''
  for (let index = start; index < end; ) {
    const first = bytes[index] ?? 0
    if (first < 0x80) {
      text += String.fromCharCode(first)
      index += 1
    } else if (first >> 5 === 0b110) {
      text += String.fromCharCode(((first & 0x1f) << 6) | continued(index + 1))
      index += 2
    } else if (first >> 4 === 0b1110) {
      text += String.fromCharCode(((first & 0x0f) << 12) | (continued(index + 1) << 6) | continued(index + 2))
      index += 3
    } else return bytes.toString('utf8', start, end)
  }
  return text
}
