/**
 * minecraft-protocol in parts. Its own door, `createClient`, allows none of this by an option, so what is here leans on
 * its inside; package.json pins the version, and test/source/nmp.test.ts fails when that inside changes.
 *
 * - Its index loads the server, Microsoft's sign-in and Mojang's, whoever connects: here the features of a client are
 *   loaded one by one, the heavy ones when they are first needed.
 * - It compiles every packet of a state: here those that are used (codec.ts).
 * - minecraft-data builds the blocks, items and recipes of a version to tell its protocol, and protodef makes a validator
 *   of schemas that nobody asks, and its chat brings prismarine-chat: here they are kept from it (`lighten`).
 *
 * docs/LEAN.md tells what each part saves, and which could be an option of the library's.
 */
import { createRequire, Module } from 'node:module'
import type { Transform } from 'node:stream'
import type { Client, ClientConstructor } from './client.ts'
import { type Direction, type ProtocolDescription, usedTypes } from './codec.ts'
import { NO_CHAT, NoValidator } from './light.ts'
import { readNbt } from './nbt.ts'
import { readVarint } from './varint.ts'

/** minecraft-data's answer for one version, as far as it is used here. */
export type VersionData = {
  version: { minecraftVersion: string; version: number }
  protocol: ProtocolDescription
  supportFeature(name: string): boolean
}

type Release = { minecraftVersion: string; version: number; releaseType?: string }

export type MinecraftData = ((version: string) => VersionData | null) & {
  versionsByMinecraftVersion: { pc: { [version: string]: Release | undefined } }
  postNettyVersionsByProtocolVersion: { pc: { [protocol: number]: Release[] | undefined } }
}

export type Packet = { name: string; params: object }

/** Reads packets, and makes the stream that writes them. */
export type Codec = {
  /** Throws for what it can't read. Who knows the packet's name by its id saves the way there. */
  parse(packet: Buffer, name?: string): Packet
  createSerializer(): Transform
}

/** What the library's features want to know, by its own names. */
export type ClientOptions = {
  Client: ClientConstructor
  version: string
  protocolVersion: number
  host: string
  port: number
  username: string
  auth: 'offline' | 'microsoft'
  connect(client: Client): void
  [option: string]: unknown
}

export type Nmp = {
  Client: ClientConstructor
  minecraftData: MinecraftData
  supportedVersions: string[]
  compile(
    protocol: ProtocolDescription,
    state: string,
    wanted: { [Key in Direction]?: ReadonlySet<string> },
  ): Codec
  createClient(options: ClientOptions): Client
}

let loading: Promise<Nmp> | undefined

/** Loaded once, when the first bot connects. */
export function loadNmp(): Promise<Nmp> {
  loading ??= load()
  return loading
}

async function load(): Promise<Nmp> {
  lighten()
  const { default: Client } = await import('minecraft-protocol/src/client.js')
  const { default: setProtocol } = await import('minecraft-protocol/src/client/setProtocol.js')
  const { default: play } = await import('minecraft-protocol/src/client/play.js')
  const { default: compress } = await import('minecraft-protocol/src/client/compress.js')
  const { default: uuid } = await import('minecraft-protocol/src/datatypes/uuid.js')
  const { default: types } = await import('minecraft-protocol/src/datatypes/compiler-minecraft.js')
  const { default: version } = await import('minecraft-protocol/src/version.js')
  const { default: minecraftData } = await import('minecraft-data')
  const { default: nbt } = await import('prismarine-nbt')
  const { default: protodef } = await import('protodef')
  const { Serializer, Compiler } = protodef as unknown as Protodef

  function compileFor(action: 'Read' | 'Write' | 'SizeOf', used: object): object {
    const compiler = new Compiler[`${action}Compiler`]()
    // In the library's order: of two types with one name, the first stays.
    compiler.addTypes(types[action])
    compiler.addTypesToCompile(used)
    const forNbt = {
      addTypes: (added: { [Key in typeof action]: object }) => compiler.addTypes(added[action]),
      addTypesToCompile: (added: object) => compiler.addTypesToCompile(added),
    }
    nbt.addTypesToCompiler('big', forNbt as never)
    if (action === 'Read') compiler.addTypes({ anonymousNbt: ['native', readNbt] })
    return compiler.compile(compiler.generate())
  }

  return {
    Client: Client as ClientConstructor,
    minecraftData: minecraftData as unknown as MinecraftData,
    supportedVersions: version.supportedVersions,
    compile: (protocol, state, wanted) => {
      const readTypes = usedTypes(protocol, state, 'toClient', wanted.toClient)
      const writeTypes = usedTypes(protocol, state, 'toServer', wanted.toServer)
      const read = compileFor('Read', readTypes) as { [type: string]: ReadType | undefined }
      const written = new Compiler.CompiledProtodef(
        compileFor('SizeOf', writeTypes),
        compileFor('Write', writeTypes),
        read,
      )
      return {
        parse: (packet, name) => {
          const readParams = name === undefined ? undefined : read[`packet_${name}`]
          if (name === undefined || !readParams) return read.packet?.(packet, 0).value as Packet
          const idBytes = readVarint(packet, 0, 5).size
          return { name, params: readParams(packet, idBytes).value as object }
        },
        createSerializer: () => new Serializer(written, 'packet'),
      }
    },
    createClient: options => {
      const client = new options.Client(false, options.version, undefined, true)
      setProtocol(client, options)
      play(client, options)
      compress(client, options)
      encryptWhenAsked(client, options)
      if (options.auth === 'microsoft') signIn(client, options)
      else {
        client.username = options.username
        client.uuid = uuid.nameToMcOfflineUUID(options.username)
        options.connect(client)
      }
      return client
    },
  }
}

/** The library's encryption brings Mojang's session service with it, though few servers ask for it. */
function encryptWhenAsked(client: Client, options: ClientOptions): void {
  client.once('encryption_begin', (packet: unknown) => {
    import('minecraft-protocol/src/client/encrypt.js').then(({ default: encrypt }) => {
      encrypt(client, options)
      client.emit('encryption_begin', packet)
    }, fail)
  })
  const fail = (error: unknown) => client.emit('error', error)
}

function signIn(client: Client, options: ClientOptions): void {
  import('minecraft-protocol/src/client/microsoftAuth.js')
    .then(({ default: auth }) => auth.authenticate(client, options))
    .catch((error: unknown) => client.emit('error', error))
}

/** A compiled type: what stands at an offset. */
type ReadType = (bytes: Buffer, offset: number) => { value: unknown; size: number }

type Compiler = {
  addTypes(types: object): void
  addTypesToCompile(types: object): void
  generate(): string
  compile(code: string): object
}

/** What protodef's own types leave out, or call protected. */
type Protodef = {
  Serializer: new (protocol: object, type: string) => Transform
  Compiler: { [Name in `${'Read' | 'Write' | 'SizeOf'}Compiler`]: new () => Compiler } & {
    CompiledProtodef: new (sizeOf: object, write: object, read: object) => object
  }
}

/**
 * Puts something lighter in the place of three modules, before anybody has loaded them. The release's
 * bundle has stand-ins of its own in their places (build/).
 */
function lighten(): void {
  const here = createRequire(import.meta.url)
  const inside = (require: NodeJS.Require, name: string) => createRequire(require.resolve(name))
  try {
    const library = inside(here, 'minecraft-protocol')
    place(inside(library, 'protodef').resolve('protodef-validator'), NoValidator)
    place(library.resolve('prismarine-chat'), NO_CHAT)
    const data = inside(library, 'minecraft-data')
    const file = data.resolve('./lib/loader.js')
    place(file, (raw: RawData) =>
      lazyData(raw, () => {
        if (here.cache[file]?.exports.isLight) delete here.cache[file]
        return (data(file) as (raw: RawData) => object)(raw)
      }),
    )
  } catch {
    // Without the packages' folders: a bundle.
  }

  function place(file: string, exports: object) {
    if (here.cache[file]) return
    const module = new Module(file)
    Object.assign(module, {
      filename: file,
      loaded: true,
      exports: Object.assign(exports, { isLight: true }),
    })
    here.cache[file] = module
  }
}

type RawData = { [part: string]: unknown }

/** Parts that the real loader hands on as they are. */
const AS_THEY_ARE: ReadonlySet<string | symbol> = new Set(['protocol', 'version', 'loginPacket'])

/** The data of one version, of which the rest is built when somebody asks for it. */
export function lazyData(raw: RawData, build: () => object): object {
  const parts: { [part: string | symbol]: unknown } = { version: raw.version }
  let isWhole = false
  function whole() {
    if (isWhole) return parts
    isWhole = true
    return Object.assign(parts, { ...build(), ...parts })
  }
  return new Proxy(parts, {
    get(_, part) {
      if (part in parts) return parts[part]
      if (!AS_THEY_ARE.has(part)) return whole()[part]
      parts[part] = raw[String(part)]
      return parts[part]
    },
    set: (_, part, value) => {
      parts[part] = value
      return true
    },
    has: (_, part) => part in whole(),
    ownKeys: () => Reflect.ownKeys(whole()),
    getOwnPropertyDescriptor: (_, part) => Reflect.getOwnPropertyDescriptor(whole(), part),
  })
}
