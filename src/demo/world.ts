/**
 * What a client must be sent until it stands in the world: a floor of bedrock, dirt and grass, 5 by 5 chunks.
 * Read by the protocol library on every version of the tests. No vanilla client was at hand: whether one joins is
 * untested. Chunks are sent on 1.9-1.12, 1.16.2-1.16.5 and from 1.18 on; other versions get none and show
 * "loading terrain", which a bot does not mind.
 */
import type { Edition, Packet } from './library.ts'

const VIEW_DISTANCE = 2
const CREATIVE = 1
/** Feet on the grass. */
const SPAWN = { x: 8, y: 4, z: 8 }
const LAYERS = ['bedrock', 'dirt', 'dirt', 'grass_block']
/** Sections are counted from y = -64 on, so that this is the one of y 0 to 15. */
const FLOOR_SECTION = 4
const SECTIONS = 24

/** The packets from `login` on, up to the last chunk; `entityId` is the player's own. */
export function joinPackets(edition: Edition, entityId: number, maxPlayers: number): Packet[] {
  const packets = [loginPacket(edition, entityId, maxPlayers), spawnPacket()]
  // "Start waiting for chunks" (1.20.3); without it a client stays at its loading screen.
  if (edition.atLeast('1.20.3'))
    packets.push({ name: 'game_state_change', params: { reason: 'level_chunks_load_start', gameMode: 0 } })
  if (edition.hasPacket('update_view_position'))
    packets.push({ name: 'update_view_position', params: { chunkX: 0, chunkZ: 0 } })
  packets.push(positionPacket(edition))
  const chunks = chunkPackets(edition)
  if (!edition.hasPacket('chunk_batch_start') || chunks.length === 0) return [...packets, ...chunks]
  const end = { name: 'chunk_batch_finished', params: { batchSize: chunks.length } }
  return [...packets, { name: 'chunk_batch_start', params: {} }, ...chunks, end]
}

function loginPacket(edition: Edition, entityId: number, maxPlayers: number): Packet {
  const { worldState } = edition.login
  return {
    name: 'login',
    params: {
      ...edition.login,
      dimensionCodec: edition.codec,
      entityId,
      isHardcore: false,
      gameMode: CREATIVE,
      maxPlayers,
      viewDistance: VIEW_DISTANCE,
      simulationDistance: VIEW_DISTANCE,
      reducedDebugInfo: false,
      isFlat: true,
      enforcesSecureChat: false,
      ...(typeof worldState === 'object' && {
        worldState: { ...worldState, gamemode: 'creative', isFlat: true },
      }),
      // Before 1.16, where nothing was recorded.
      ...(!edition.atLeast('1.16') && { dimension: 0, difficulty: 1, levelType: 'flat', hashedSeed: [0, 0] }),
    },
  }
}

function spawnPacket(): Packet {
  const globalPos = { dimensionName: 'minecraft:overworld', location: SPAWN }
  return { name: 'spawn_position', params: { location: SPAWN, angle: 0, globalPos, yaw: 0, pitch: 0 } }
}

function positionPacket(edition: Edition): Packet {
  const flags = edition.atLeast('1.20.5') ? {} : 0
  const still = { dx: 0, dy: 0, dz: 0, yaw: 0, pitch: 0 }
  return {
    name: 'position',
    params: { ...SPAWN, ...still, flags, teleportId: 1, dismountVehicle: false },
  }
}

function chunkPackets(edition: Edition): Packet[] {
  const chunk = chunkOf(edition)
  if (!chunk) return []
  const light = lightOf(edition)
  const range = Array.from({ length: 2 * VIEW_DISTANCE + 1 }, (_, index) => index - VIEW_DISTANCE)
  const places = range.flatMap(x => range.map(z => ({ x, z })))
  return places.flatMap(({ x, z }) => {
    const packets: Packet[] = [{ name: 'map_chunk', params: { ...chunk, x, z } }]
    if (light) packets.push({ name: 'update_light', params: { ...light, chunkX: x, chunkZ: z } })
    return packets
  })
}

function chunkOf(edition: Edition): object | undefined {
  const plains = edition.registryId('minecraft:worldgen/biome', 'minecraft:plains') ?? 1
  const common = {
    groundUp: true,
    bitMap: 1,
    trustEdges: true,
    blockEntities: [],
    heightmaps: heightmaps(edition),
  }
  if (edition.atLeast('1.18')) {
    const counted = edition.atLeast('26.1')
    const biomes = singleValue(edition, plains)
    const sections = Array.from({ length: SECTIONS }, (_, index) => {
      if (index === FLOOR_SECTION) return [counters(LAYERS.length * 256, counted), floor(edition), biomes]
      return [counters(0, counted), singleValue(edition, 0), biomes]
    })
    return { ...common, chunkData: Buffer.concat(sections.flat()), ...skyLight() }
  }
  if (edition.atLeast('1.16.2') && !edition.atLeast('1.17')) {
    const chunkData = Buffer.concat([counters(LAYERS.length * 256, false), floor(edition)])
    return { ...common, chunkData, biomes: new Array(1024).fill(plains) }
  }
  if (edition.atLeast('1.9') && !edition.atLeast('1.13')) {
    // Block light, sky light, then one biome for each column.
    const light = Buffer.concat([Buffer.alloc(2048), Buffer.alloc(2048, 0xff)])
    return { ...common, chunkData: Buffer.concat([floor(edition), light, Buffer.alloc(256, plains)]) }
  }
  return undefined
}

/** Blocks that are not air; from 26.1 on also blocks that are fluid. */
function counters(blocks: number, withFluids: boolean): Buffer {
  const bytes = Buffer.alloc(withFluids ? 4 : 2)
  bytes.writeInt16BE(blocks)
  return bytes
}

/** A palette of one entry and no data (1.18). */
function singleValue(edition: Edition, value: number): Buffer {
  return Buffer.concat([Buffer.of(0), varint(value), dataLength(edition, 0)])
}

/** Four bits a block, 16 blocks a long; a layer is 16 longs alike. */
function floor(edition: Edition): Buffer {
  const grass = edition.atLeast('1.13') ? 'grass_block' : 'grass'
  const names = LAYERS.map(name => (name === 'grass_block' ? grass : name))
  const palette = ['air', ...new Set(names)]
  const states = palette.map(name => varint(name === 'air' ? 0 : edition.block(name)))
  const data = Buffer.alloc(256 * 8)
  for (const [y, name] of names.entries()) data.fill(palette.indexOf(name) * 0x11, y * 128, (y + 1) * 128)
  return Buffer.concat([Buffer.of(4), varint(palette.length), ...states, dataLength(edition, 256), data])
}

/** 1.21.5 dropped the length of the data array, which follows from the bits. */
function dataLength(edition: Edition, longs: number): Buffer {
  return edition.atLeast('1.21.5') ? Buffer.alloc(0) : varint(longs)
}

/** Full light in the floor's section and above it; masks count from one section below the world. */
function skyLight(): object {
  const lit = (1 << (FLOOR_SECTION + 1)) | (1 << (FLOOR_SECTION + 2))
  const bright = new Array(2048).fill(0xff)
  const dark = ((1 << (SECTIONS + 2)) - 1) & ~lit
  return {
    skyLightMask: [[0, lit]],
    blockLightMask: [],
    emptySkyLightMask: [[0, dark]],
    emptyBlockLightMask: [[0, (1 << (SECTIONS + 2)) - 1]],
    skyLight: [bright, bright],
    blockLight: [],
  }
}

/** 1.14 to 1.17 have the light in a packet of its own; the same two sections, of 16 and two. */
function lightOf(edition: Edition): object | undefined {
  if (!edition.atLeast('1.16.2') || edition.atLeast('1.17')) return undefined
  const bright = Buffer.concat([varint(2048), Buffer.alloc(2048, 0xff)])
  return {
    trustEdges: true,
    skyLightMask: 0b110,
    blockLightMask: 0,
    emptySkyLightMask: 0x3ffff & ~0b110,
    emptyBlockLightMask: 0x3ffff,
    data: Buffer.concat([bright, bright]),
  }
}

/** A client makes its own where none are given. */
function heightmaps(edition: Edition): unknown {
  return edition.atLeast('1.21.5') ? [] : { type: 'compound', name: '', value: {} }
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>>= 7
  } while (rest > 0)
  return Buffer.from(bytes)
}
