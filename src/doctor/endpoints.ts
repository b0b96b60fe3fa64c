/** The endpoints: do their keys look like keys, and can their hosts be reached? Nothing is ever sent to them. */
import { lookup } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '../clock.ts'
import type { Endpoint } from '../delivery/endpoint.ts'
import { remedyOf } from '../delivery/remedy.ts'
import { faultOf } from '../delivery/verdict.ts'
import { fault, ok, type Said, warning } from './finding.ts'
import type { Patient } from './patient.ts'

const CONNECT_TIMEOUT_MS = 5_000

export function checkKeys({ endpoints }: Patient): Said[] {
  return endpoints.filter(({ enabled }) => enabled).flatMap(checkKey)
}

/** As READMEs and examples have them. */
const PLACEHOLDER = /^(your[-_ ]|x{4,}$|<.*>$|\.{3}$|change[-_ ]?me)|YOUR_KEY/i

function checkKey({ key, provider, target }: Endpoint): Said[] {
  const keys = provider.secrets?.(target.options) ?? []
  const what = keys.length > 0 ? 'key' : 'URL'
  const texts = [target.url, ...keys]
  if (texts.some(text => /[\s\p{Cc}\p{Cf}]/u.test(text)))
    return [
      fault(`endpoint ${key}: its ${what} has a line break or a space inside`, 'copy it again, on one line'),
    ]
  if (texts.some(text => PLACEHOLDER.test(text)))
    return [fault(`endpoint ${key}: its ${what} is still that of the example`, 'write your own')]
  return []
}

export async function checkReach({ endpoints, env, clock }: Patient): Promise<Said[]> {
  return Promise.all(endpoints.filter(({ enabled }) => enabled).map(endpoint => reach(endpoint, env, clock)))
}

/** Behind a proxy, its own or the environment's, only the proxy is looked up and connected to. */
async function reach({ key, target, proxy }: Endpoint, env: Patient['env'], clock: Clock): Promise<Said> {
  const through = proxy ?? environmentProxy(target.url, env)
  const url = URL.parse(through ?? target.url)
  if (!url) return warning(`endpoint ${key}: where it goes can't be told`, 'check its URL')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const place = `endpoint ${key}: ${through === undefined ? '' : 'its proxy '}${host}`
  let address: string
  try {
    address = (await lookup(host)).address
  } catch {
    return fault(`${place} can't be resolved`, 'check the URL and the DNS of this machine')
  }
  try {
    await touch({ host, port, secure: url.protocol === 'https:' }, clock)
    return ok(`${place} is ${address}, and port ${port} answers`)
  } catch (error) {
    const reason = faultOf(error, { url, proxied: through !== undefined })
    return fault(`${place} is ${address}, but ${reason.text}`, remedyOf(reason.code, 'en_us'))
  }
}

/** Connects, with TLS where it is wanted, and says nothing. */
function touch(target: { host: string; port: number; secure: boolean }, clock: Clock): Promise<void> {
  const { host, port, secure } = target
  return new Promise((resolve, reject) => {
    const socket: Socket = secure
      ? connectTls({ host, port, ...(/^[\d.:a-f]+$/i.test(host) ? {} : { servername: host }) })
      : connect({ host, port })
    const cancel = clock.after(CONNECT_TIMEOUT_MS, () =>
      end(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
    )
    function end(error?: Error) {
      cancel()
      socket.destroy()
      if (error) reject(error)
      else resolve()
    }
    socket.once(secure ? 'secureConnect' : 'connect', () => end())
    socket.once('error', end)
  })
}

/** The proxy that the usual variables name for a URL; undefined where they exempt its host, or name none. */
function environmentProxy(url: string, env: Patient['env']): string | undefined {
  const { protocol, hostname } = URL.parse(url) ?? {}
  const exempt = (env.no_proxy ?? env.NO_PROXY ?? '').split(/[\s,]+/).filter(entry => entry !== '')
  if (
    exempt.some(
      entry => entry === '*' || hostname === entry || hostname?.endsWith(`.${entry.replace(/^\./, '')}`),
    )
  )
    return undefined
  const http = env.http_proxy ?? env.HTTP_PROXY
  const https = env.https_proxy ?? env.HTTPS_PROXY
  return (protocol === 'https:' ? https || http : http) || undefined
}
