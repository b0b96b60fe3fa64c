/** Chunks of a made-up overworld of 1.21.4: valid, as large as vanilla's, and compressible to about a fifth. */

const SECTIONS = 24
/** From y = -64 up to the surface, about. */
const FILLED = 8
const BITS_PER_BLOCK = 5
const BLOCKS_PER_LONG = Math.floor(64 / BITS_PER_BLOCK)
const LONGS = Math.ceil(4096 / BLOCKS_PER_LONG)
/** Ids of block states; what they are called does not matter here. */
const PALETTE = Array.from({ length: 20 }, (_, index) => 1 + index * 7)
const LIGHT_BYTES = 2048

/** Numbers from 0 up to 1 that are the same in every run. */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Makes the fields of `map_chunk` packets. Sections are drawn from a stock of some, none of them twice in a chunk. */
export function createChunks(): (x: number, z: number) => object {
  const random = createRandom(1)
  const stone = Array.from({ length: FILLED * 6 }, (_, index) =>
    stoneSection(random, 0.01 + 0.06 * random(), index % 16),
  )
  const light = Array.from({ length: 48 }, () => lightSection(random))
  return (x, z) => {
    const lit = 3 + Math.floor(random() * 6)
    const draw = (count: number, from: number) => {
      const first = Math.floor(random() * from)
      return Array.from({ length: count }, (_, index) => (first + index * 5) % from)
    }
    const sections = Array.from({ length: SECTIONS }, (): Buffer => AIR)
    for (const [layer, index] of draw(FILLED, stone.length).entries()) sections[layer] = stone[index] ?? AIR
    return {
      x,
      z,
      heightmaps: {
        type: 'compound',
        value: { MOTION_BLOCKING: { type: 'longArray', value: heights(random) } },
      },
      chunkData: Buffer.concat(sections),
      blockEntities: [],
      skyLightMask: [(1n << BigInt(lit)) - 1n],
      blockLightMask: [],
      emptySkyLightMask: [],
      emptyBlockLightMask: [],
      skyLight: draw(lit, light.length).map(index => light[index]),
      blockLight: [],
    }
  }
}

/** No block, one kind of block (air), no data; one biome, no data. */
const AIR = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0])

function stoneSection(random: () => number, unevenness: number, layer: number): Buffer {
  const head = [0x10, 0x00, BITS_PER_BLOCK, PALETTE.length]
  for (const id of PALETTE) head.push(...(id < 128 ? [id] : [(id & 127) | 128, id >> 7]))
  head.push((LONGS & 127) | 128, LONGS >> 7)
  const data = Buffer.alloc(LONGS * 8)
  let block = layer
  for (let long = 0; long < LONGS; long++) {
    let bits = 0n
    for (let index = 0; index < BLOCKS_PER_LONG; index++) {
      if (random() < unevenness) block = Math.floor(random() * PALETTE.length)
      else if (random() < 0.2) block = layer
      bits |= BigInt(block) << BigInt(index * BITS_PER_BLOCK)
    }
    data.writeBigUInt64BE(bits, long * 8)
  }
  return Buffer.concat([Buffer.from(head), data, Buffer.from([0, layer, 0])])
}

function lightSection(random: () => number): number[] {
  const light: number[] = []
  let level = 255
  for (let index = 0; index < LIGHT_BYTES; index++) {
    if (random() < 0.04) level = Math.floor(random() * 16) * 17
    light.push(level)
  }
  return light
}

function heights(random: () => number): [number, number][] {
  return Array.from({ length: 37 }, () => [Math.floor(random() * 2 ** 30), Math.floor(random() * 2 ** 30)])
}
