/** The one door to minecraft-protocol and minecraft-data, which are heavy and loaded when first needed. */

import { type Ending, oneLine } from './disconnect.ts'
import { CLIENT_SETTINGS } from './manners.ts'
import { type Client, type ClientConstructor, type LeanHooks, leanClient, packetIds } from './packets.ts'
import type { ServerStatus } from './ping.ts'
import { tokenCache } from './tokens.ts'

type MinecraftData = {
  version: { minecraftVersion: string; version: number }
  protocol: unknown
  supportFeature(name: string): boolean
}

type Release = { minecraftVersion: string; version: number; releaseType?: string }

type MinecraftDataModule = ((version: string) => MinecraftData | null) & {
  versionsByMinecraftVersion: { pc: { [version: string]: Release | undefined } }
  postNettyVersionsByProtocolVersion: { pc: { [protocol: number]: Release[] | undefined } }
}

type Protocol = {
  createClient(options: object): Client
  supportedVersions: string[]
  Client: ClientConstructor
}

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
    hooks: Omit<LeanHooks, 'ids'>,
    connect: (client: Client) => void,
  ): Client
}

/** The dialect of one version; an ending with the remedy for a version that the library does not speak. */
export async function loadDialect(version: string): Promise<Dialect | Ending> {
  const { protocol, minecraftData } = await load()
  const release = minecraftData.versionsByMinecraftVersion.pc[version]
  const data = release && dataFor(minecraftData, release.version, version)
  if (!data)
    return {
      reason: `Minecraft ${version} is unknown here`,
      remedy: `set minecraft.version to "auto" or to a version from ${range(protocol)}`,
    }
  const ids = packetIds(data.protocol)
  return {
    version: data.version.minecraftVersion,
    configures: data.supportFeature('hasConfigurationState'),
    createClient: (target, hooks, connect) => {
      if (target.auth === 'microsoft') silenceConsole()
      return protocol.createClient({
        host: target.host,
        port: target.port,
        username: target.username,
        auth: target.auth,
        version: data.version.minecraftVersion,
        profilesFolder: target.auth === 'microsoft' ? tokenCache(target.tokenDir) : false,
        onMsaCode: (answer: { verification_uri: string; user_code: string }) =>
          target.onDeviceCode({ url: answer.verification_uri, code: answer.user_code }),
        Client: leanClient(protocol.Client, { ...hooks, ids }),
        connect,
        clientSettings: CLIENT_SETTINGS,
        // Unsigned chat is what keeps a bot from being kicked (facts/chat-and-log.md section 1).
        disableChatSigning: true,
        hideErrors: true,
        validateChannelProtocol: false,
        // The session has a watch of its own, over every packet.
        checkTimeoutInterval: 2 ** 31 - 1,
      })
    },
  }
}

/** The version to speak with a server that answered a ping; an ending with the remedy where there is none. */
export async function versionOf(status: ServerStatus): Promise<string | Ending> {
  const { protocol, minecraftData } = await load()
  const data = dataFor(minecraftData, status.protocol)
  if (data) return data.version.minecraftVersion
  return {
    reason: `the server runs "${oneLine(status.versionName)}" (protocol ${status.protocol}), which this bridge does not speak`,
    remedy: `update the bridge, or set minecraft.version to a version that the server lets in (${range(protocol)})`,
  }
}

/** The data of a protocol number. Asked by name, minecraft-data answers with a near version where it has none of its own. */
function dataFor(minecraftData: MinecraftDataModule, number: number, preferred?: string) {
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

function range({ supportedVersions }: Protocol): string {
  return `${supportedVersions[0]} to ${supportedVersions.at(-1)}`
}

/**
 * The sign-in's library writes answers of Microsoft's servers to the console, tokens and all. What matters of them is
 * in the error that it throws.
 */
function silenceConsole() {
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) console[method] = () => {}
}

let loading: Promise<{ protocol: Protocol; minecraftData: MinecraftDataModule }> | undefined

async function load() {
  loading ??= Promise.all([import('minecraft-protocol'), import('minecraft-data')]).then(
    ([protocol, data]) => ({
      protocol: protocol.default as unknown as Protocol,
      minecraftData: data.default as unknown as MinecraftDataModule,
    }),
  )
  return loading
}
