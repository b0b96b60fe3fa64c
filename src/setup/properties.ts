/** The Minecraft server's server.properties: what of it decides whether a bot can join. */

export type ServerProperties = {
  port: number
  /** Undefined where it listens on all addresses. */
  ip?: string
  /** The server asks Mojang who a player is. */
  onlineMode: boolean
  whitelist: boolean
  /** It wants chat to be signed; only where it checks accounts. */
  secureProfile: boolean
  /** It answers a status ping, by which the bot learns its version. */
  answersStatus: boolean
}

/** What is left out has vanilla's default. */
export function parseProperties(text: string): ServerProperties {
  const values = readProperties(text)
  const flag = (key: string, fallback: boolean) => {
    const value = values.get(key)?.toLowerCase()
    return value === undefined || value === '' ? fallback : value === 'true'
  }
  const port = Number(values.get('server-port'))
  const ip = values.get('server-ip')
  return {
    port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : 25_565,
    ...(ip !== undefined && ip !== '' && ip !== '0.0.0.0' && ip !== '::' && { ip }),
    onlineMode: flag('online-mode', true),
    whitelist: flag('white-list', false),
    secureProfile: flag('enforce-secure-profile', true),
    answersStatus: flag('enable-status', true),
  }
}

/** Java's format as far as this file uses it: `key=value` or `key:value`, with comments and escaped signs. */
function readProperties(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s*([^#!\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) values.set(key, value.replace(/\\(.)/g, '$1'))
  }
  return values
}
