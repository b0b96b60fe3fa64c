import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import library from 'minecraft-protocol'
import type { Direction } from '../../src/source/codec.ts'
import { packetNames, usedTypes } from '../../src/source/codec.ts'
import { readNames, wantedIn } from '../../src/source/names.ts'
import { loadNmp, type Nmp, type VersionData } from '../../src/source/nmp.ts'

/** Of each shape that the protocol has had since 1.12.2, the newest, and those of the live tests. */
const VERSIONS = [
  '1.12.2',
  '1.13.2',
  '1.16.5',
  '1.18.2',
  '1.19',
  '1.19.2',
  '1.19.4',
  '1.20.1',
  '1.20.2',
  '1.20.4',
  '1.20.6',
  '1.21.4',
  '1.21.8',
  '1.21.11',
  '26.1',
]
const STATES = ['handshaking', 'login', 'configuration', 'play']

type Functions = { [type: string]: unknown }
/** What protodef compiled: functions by the types that they read, write and measure. */
type Compiled = { readCtx: Functions; writeCtx: Functions; sizeOfCtx: Functions }
type Library = {
  createSerializer(options: object): { proto: Compiled }
  createDeserializer(options: object): { proto: Compiled }
}

const { createSerializer, createDeserializer } = library as unknown as Library

let nmp: Nmp
before(async () => {
  nmp = await loadNmp()
})

function dataOf(version: string): VersionData {
  const data = nmp.minecraftData(version)
  assert.ok(data)
  return data
}

/** Without the numbers that protodef puts behind a variable's name where an earlier type had one of the same name. */
function plain(code: unknown): string {
  return String(code)
    .replaceAll(/(?<![.\w])([A-Za-z_]\w*?)\d+(Size)?\b/g, '$1$2')
    .replaceAll(/\b(\w+): \1\b/g, '$1')
}

for (const version of VERSIONS) {
  describe(`the codec of ${version}`, () => {
    it('has for each type that it knows the code that the library has', () => {
      const { protocol } = dataOf(version)
      let compared = 0
      for (const state of STATES) {
        if (!Object.hasOwn(protocol, state)) continue
        const codec = nmp.compile(protocol, state, wantedIn(state))
        const { proto: ours } = codec.createSerializer() as unknown as { proto: Compiled }
        const { proto: reading } = createDeserializer({ state, isServer: false, version })
        const { proto: writing } = createSerializer({ state, isServer: false, version })
        const pairs: [Functions, Functions][] = [
          [ours.readCtx, reading.readCtx],
          [ours.writeCtx, writing.writeCtx],
          [ours.sizeOfCtx, writing.sizeOfCtx],
        ]
        for (const [mine, theirs] of pairs)
          for (const [type, code] of Object.entries(mine)) {
            // Those that are ours on purpose: fewer packets, and NBT that is not read before it is asked for.
            if (type === 'packet' || (type === 'anonymousNbt' && mine === ours.readCtx)) continue
            assert.equal(plain(code), plain(theirs[type]), `${state}: ${type}`)
            compared += 1
          }
      }
      assert.ok(compared > 200, `only ${compared}`)
    })

    it('knows every wanted packet that the version has, and no other', () => {
      const { protocol } = dataOf(version)
      for (const state of STATES) {
        if (!Object.hasOwn(protocol, state)) continue
        const wanted = wantedIn(state)
        for (const direction of ['toClient', 'toServer'] as Direction[]) {
          const all = [...packetNames(protocol, state, direction).values()]
          const known = [...packetNames(reducedOf(version, state, direction), state, direction).values()]
          assert.deepEqual(
            known,
            all.filter(name => wanted[direction]?.has(name) ?? true),
          )
        }
      }
    })
  })
}

/** The description of a state, of the used types alone. */
function reducedOf(version: string, state: string, direction: Direction) {
  const { protocol } = dataOf(version)
  const types = usedTypes(protocol, state, direction, wantedIn(state)[direction])
  return { types: {}, [state]: { [direction]: { types } } } as never
}

it('a description without the packets of a state is refused', () => {
  assert.throws(() => usedTypes({ types: {} }, 'play', 'toClient'), /has no packets toClient in play/)
})

it('the packets that are read are known by their names in every version', () => {
  for (const version of VERSIONS) {
    const { protocol } = dataOf(version)
    const { play, configuration } = readNames(protocol)
    const names = new Set(play?.values())
    assert.ok(names.size >= 9, `${version}: ${names.size}`)
    assert.ok(names.has('keep_alive') && (names.has('chat') || names.has('system_chat')), version)
    if (!Object.hasOwn(protocol, 'configuration')) continue
    assert.ok(names.has('start_configuration') && (configuration?.size ?? 0) >= 5, version)
  }
})
