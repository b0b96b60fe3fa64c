/** Which credentials of an endpoint travel in the clear, for a warning at the start. */
import { BlockList, isIP } from 'node:net'
import type { Provider, Target } from './provider.ts'
import { isCredentialName } from './secret.ts'

/** What would be readable on the way, as `Authorization header`; undefined where nothing is. */
export function findExposed(
  provider: Provider,
  { url, headers }: Target,
  proxy?: string,
): string | undefined {
  const through = URL.parse(proxy ?? '')
  if (through?.protocol === 'http:' && hasUserInfo(through) && !isNear(through.hostname))
    return 'the user and password of its proxy'
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 'http:' || isNear(parsed.hostname)) return undefined
  const header = Object.keys(headers).find(isCredentialName)
  if (header !== undefined) return `${header} header`
  if (hasUserInfo(parsed)) return 'a user and password in its URL'
  if (provider.secretUrl) return 'a key'
  const parameter = [...parsed.searchParams.keys()].find(isCredentialName)
  return parameter === undefined ? undefined : `URL parameter ${parameter}`
}

function hasUserInfo({ username, password }: URL): boolean {
  return username !== '' || password !== ''
}

const NEAR = new BlockList()
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  NEAR.addSubnet(network, prefix, 'ipv4')
}
NEAR.addAddress('::1', 'ipv6')
NEAR.addSubnet('fc00::', 7, 'ipv6')
NEAR.addSubnet('fe80::', 10, 'ipv6')

/** True for this machine and for private networks, by address or by a name that can't be a public one. */
function isNear(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const family = isIP(host)
  if (family !== 0) return NEAR.check(host, family === 6 ? 'ipv6' : 'ipv4')
  return !host.includes('.') || /\.(localhost|local|lan|internal|home\.arpa)$/i.test(host)
}
