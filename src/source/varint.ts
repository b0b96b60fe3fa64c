/** Minecraft's variable-length integers, as far as the length of a frame and the id of a packet need them. */

/** `size` 0: more bytes are needed; -1: longer than `maxSize` bytes, which no vanilla server sends. */
export function readVarint(
  bytes: Uint8Array,
  offset: number,
  maxSize: number,
): { value: number; size: number } {
  let value = 0
  for (let index = 0; index < maxSize; index++) {
    const byte = bytes[offset + index]
    if (byte === undefined) return { value: 0, size: 0 }
    value |= (byte & 0x7f) << (7 * index)
    if (byte < 0x80) return { value, size: index + 1 }
  }
  return { value: 0, size: -1 }
}

export function encodeVarint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value >>> 0
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}
