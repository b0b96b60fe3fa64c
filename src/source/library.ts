/** The versions that can be spoken: minecraft-protocol and minecraft-data, which are loaded when first needed. */

import type { Client } from './client.ts'
import { type Ending, oneLine } from './disconnect.ts'
import { CLIENT_SETTINGS } from './manners.ts'
import { readNames, wantedIn } from './names.ts'
import { type Codec, loadNmp, type MinecraftData, type Nmp, type VersionData } from './nmp.ts'
import { type LeanHooks, leanClient, type PacketBook } from './packets.ts'
import type { ServerStatus } from './ping.ts'
import { tokenCache } from './tokens.ts'

export type Account = {
  username: string
  auth: 'offline' | 'microsoft'
  /** Folder of the cached tokens of Microsoft accounts. */
  tokenDir: string
  /** Shows a person where to sign in, and with which code. */
  onDeviceCode(prompt: { url: string; code: string }): void
}

/** One version of the protocol, ready to make clients. */
export type Dialect = {
  version: string
  /** 1.20.2 and later have a configuration phase, in which the library sends the client's settings. */
  configures: boolean
  createClient(
    target: { host: string; port: number } & Account,
    hooks: LeanHooks,
    connect: (client: Client) => void,
  ): Client
}

/** The dialect of one version; an ending with the remedy for a version that the library does not speak. */
export async function loadDialect(version: string): Promise<Dialect | Ending> {
  const nmp = await loadNmp()
  const { minecraftData } = nmp
  const release = minecraftData.versionsByMinecraftVersion.pc[version]
  const data = release && dataFor(minecraftData, release.version, version)
  if (!data)
    return {
      reason: `Minecraft ${version} is unknown here`,
      remedy: `set minecraft.version to "auto" or to a version from ${range(nmp)}`,
    }
  const book = bookOf(nmp, data)
  return {
    version: data.version.minecraftVersion,
    configures: data.supportFeature('hasConfigurationState'),
    createClient: (target, hooks, connect) => {
      if (target.auth === 'microsoft') silenceConsole()
      return nmp.createClient({
        host: target.host,
        port: target.port,
        username: target.username,
        auth: target.auth,
        version: data.version.minecraftVersion,
        protocolVersion: data.version.version,
        profilesFolder: target.auth === 'microsoft' ? tokenCache(target.tokenDir) : false,
        onMsaCode: (answer: { verification_uri: string; user_code: string }) =>
          target.onDeviceCode({ url: answer.verification_uri, code: answer.user_code }),
        Client: leanClient(nmp.Client, book, hooks),
        connect,
        clientSettings: CLIENT_SETTINGS,
        // Unsigned chat is what keeps a bot from being kicked (facts/chat-and-log.md section 1).
        disableChatSigning: true,
      })
    },
  }
}

const books = new Map<number, PacketBook>()

/** The packets of a version, compiled state by state when they are first needed, and once for all bots. */
function bookOf(nmp: Nmp, { version, protocol }: VersionData): PacketBook {
  const known = books.get(version.version)
  if (known) return known
  const codecs = new Map<string, Codec>()
  const book: PacketBook = {
    names: readNames(protocol),
    codec: state => {
      const compiled = codecs.get(state) ?? nmp.compile(protocol, state, wantedIn(state))
      codecs.set(state, compiled)
      return compiled
    },
  }
  books.set(version.version, book)
  return book
}

/** The version to speak with a server that answered a ping; an ending with the remedy where there is none. */
export async function versionOf(status: ServerStatus): Promise<string | Ending> {
  const nmp = await loadNmp()
  const { minecraftData } = nmp
  const data = dataFor(minecraftData, status.protocol)
  if (data) return data.version.minecraftVersion
  return {
    reason: `the server runs "${oneLine(status.versionName)}" (protocol ${status.protocol}), which this bridge does not speak`,
    remedy: `update the bridge, or set minecraft.version to a version that the server lets in (${range(nmp)})`,
  }
}

/** The data of a protocol number. Asked by name, minecraft-data answers with a near version where it has none of its own. */
function dataFor(minecraftData: MinecraftData, number: number, preferred?: string) {
  const releases = minecraftData.postNettyVersionsByProtocolVersion.pc[number] ?? []
  const names = releases
    .toSorted((a, b) => Number(a.releaseType === 'snapshot') - Number(b.releaseType === 'snapshot'))
    .map(({ minecraftVersion }) => minecraftVersion)
  for (const name of preferred === undefined ? names : [preferred, ...names]) {
    const data = minecraftData(name)
    if (data?.version.version === number) return data
  }
  return undefined
}

function range({ supportedVersions }: Nmp): string {
  return `${supportedVersions[0]} to ${supportedVersions.at(-1)}`
}

/**
 * The sign-in's library writes answers of Microsoft's servers to the console, tokens and all. What matters of them is
 * in the error that it throws.
 */
function silenceConsole() {
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) console[method] = () => {}
}
