/**
 * The first bytes of what zlib packed, from the first bytes of the packet: enough for a packet's id. A handle of Node's
 * own zlib costs more than the whole of this. Formats: RFC 1950 and RFC 1951.
 */

/** More bytes are needed. */
export const SHORT = -1
/** Not told by the first symbols of the first block, or no zlib at all: zlib itself must look. */
export const UNTOLD = -2

/** The header, the codes of a block and its first symbols never take more. */
export const HEAD_BYTES = 320

const STORED = 0
const FIXED = 1
const DYNAMIC = 2

/** The first symbol that is no literal: the end of a block, or a repetition. */
const END_OF_BLOCK = 256
const MAX_LITERALS = 286
const MAX_CODE_BITS = 15
/** In which order the lengths of the code of lengths are sent. */
const LENGTH_ORDER = Uint8Array.of(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
const FIXED_LENGTHS = Uint8Array.from({ length: 288 }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
)

/** Used by one call at a time. */
const lengths = new Uint8Array(MAX_LITERALS + 32)
const lengthLengths = new Uint8Array(19)
/** The symbol and the length of its code (times 32), by the next seven bits; 0 where no code begins so. */
const lengthTable = new Uint16Array(128)
const counts = new Uint16Array(MAX_CODE_BITS + 1)

/**
 * The variable-length integer with which the packed bytes from `start` to `end` begin once inflated. SHORT or UNTOLD, both
 * negative, where there is no saying.
 */
export function packedVarint(packed: Uint8Array, start: number, end: number): number {
  if (end < start + 3) return SHORT
  const method = packed[start] ?? 0
  const flags = packed[start + 1] ?? 0
  // Deflate, with a sound checksum, and without a dictionary.
  if ((method & 0x0f) !== 8 || ((method << 8) | flags) % 31 !== 0 || (flags & 0x20) !== 0) return UNTOLD
  const first = packed[start + 2] ?? 0
  const kind = (first >> 1) & 3
  if (kind === STORED) return storedVarint(packed, start + 3, end)
  if (kind === FIXED) return codedVarint(packed, (start + 2) * 8 + 3, end * 8, FIXED_LENGTHS, 288)
  if (kind !== DYNAMIC) return UNTOLD
  return dynamicVarint(packed, (start + 2) * 8 + 3, end * 8)
}

function storedVarint(packed: Uint8Array, start: number, end: number): number {
  if (end < start + 4) return SHORT
  const length = (packed[start] ?? 0) | ((packed[start + 1] ?? 0) << 8)
  const complement = (packed[start + 2] ?? 0) | ((packed[start + 3] ?? 0) << 8)
  if ((length ^ complement) !== 0xffff) return UNTOLD
  let value = 0
  for (let index = 0; index < 5; index++) {
    if (index >= length) return UNTOLD
    if (start + 4 + index >= end) return SHORT
    const byte = packed[start + 4 + index] ?? 0
    value |= (byte & 0x7f) << (7 * index)
    if (byte < 0x80) return value < 0 ? UNTOLD : value
  }
  return UNTOLD
}

/** Up to 14 bits from a position in bits; what is behind the end reads as 0. */
function peek(packed: Uint8Array, bit: number, count: number): number {
  const byte = bit >> 3
  const three = (packed[byte] ?? 0) | ((packed[byte + 1] ?? 0) << 8) | ((packed[byte + 2] ?? 0) << 16)
  return (three >> (bit & 7)) & ((1 << count) - 1)
}

function dynamicVarint(packed: Uint8Array, start: number, end: number): number {
  if (start + 14 > end) return SHORT
  const sizes = peek(packed, start, 14)
  const literals = 257 + (sizes & 31)
  if (literals > MAX_LITERALS) return UNTOLD
  // The lengths of the codes of distances follow those of the literals, in one run.
  const all = literals + 1 + ((sizes >> 5) & 31)
  let bit = start + 14
  lengthLengths.fill(0)
  for (let index = 0, sent = 4 + (sizes >> 10); index < sent; index++, bit += 3)
    lengthLengths[LENGTH_ORDER[index] ?? 0] = peek(packed, bit, 3)
  if (bit > end) return SHORT
  fillLengthTable()
  for (let index = 0; index < all; ) {
    const entry = lengthTable[peek(packed, bit, 7)] ?? 0
    if (entry === 0) return bit + 7 > end ? SHORT : UNTOLD
    bit += entry >> 5
    const symbol = entry & 31
    if (symbol < 16) {
      lengths[index++] = symbol
      continue
    }
    const extraBits = symbol === 16 ? 2 : symbol === 17 ? 3 : 7
    const times = peek(packed, bit, extraBits) + (symbol === 18 ? 11 : 3)
    bit += extraBits
    if (bit > end) return SHORT
    if (symbol === 16 && index === 0) return UNTOLD
    const until = index + times
    if (until > all) return UNTOLD
    lengths.fill(symbol === 16 ? (lengths[index - 1] ?? 0) : 0, index, until)
    index = until
  }
  return codedVarint(packed, bit, end, lengths, literals)
}

/** Codes are sent with their first bit lowest: an entry repeats for all that may follow it. */
function fillLengthTable(): void {
  lengthTable.fill(0)
  let code = 0
  for (let length = 1; length <= 7; length++) {
    code <<= 1
    for (let symbol = 0; symbol < 19; symbol++) {
      if (lengthLengths[symbol] !== length) continue
      let reversed = 0
      for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit)
      for (let at = reversed; at < 128; at += 1 << length) lengthTable[at] = symbol | (length << 5)
      code += 1
    }
  }
}

/** Literals of a canonical code, until they make an integer. */
function codedVarint(packed: Uint8Array, start: number, end: number, of: Uint8Array, count: number): number {
  counts.fill(0)
  for (let symbol = 0; symbol < count; symbol++) {
    const length = of[symbol] ?? 0
    counts[length] = (counts[length] ?? 0) + 1
  }
  let bit = start
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    let code = 0
    let first = 0
    let length = 0
    // Codes of one length follow each other in the order of their symbols.
    for (;;) {
      length += 1
      if (length > MAX_CODE_BITS) return UNTOLD
      if (bit >= end) return SHORT
      code |= peek(packed, bit++, 1)
      const codes = counts[length] ?? 0
      if (code - codes < first) break
      first = (first + codes) << 1
      code <<= 1
    }
    const symbol = nthOfLength(of, length, code - first)
    if (symbol >= END_OF_BLOCK) return UNTOLD
    value |= (symbol & 0x7f) << shift
    if (symbol < 0x80) return value < 0 ? UNTOLD : value
  }
  return UNTOLD
}

function nthOfLength(of: Uint8Array, length: number, index: number): number {
  let symbol = of.indexOf(length)
  for (let left = index; left > 0; left--) symbol = of.indexOf(length, symbol + 1)
  return symbol < 0 ? END_OF_BLOCK : symbol
}
