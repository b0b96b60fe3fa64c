/** The one way out to receivers: bounded in time and size, without redirects, straight or through a proxy. */
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent, request } from 'undici'
import type { Clock } from '../clock.ts'
import type { Reason } from '../outcome.ts'
import type { HttpAnswer, HttpRequest } from './provider.ts'
import { decode } from './secret.ts'
import { faultOf } from './verdict.ts'

export type HttpOptions = {
  /** Of the whole attempt, from connecting to the last byte. */
  timeoutMs: number
  /** Instead of the environment's. */
  proxy?: string
  signal?: AbortSignal
}

export type HttpResult = { type: 'answer'; answer: HttpAnswer } | { type: 'fault'; reason: Reason }

export type Http = {
  send(request: HttpRequest, options: HttpOptions): Promise<HttpResult>
  /** Drops all connections. */
  close(): Promise<void>
}

type Environment = { [name: string]: string | undefined }

const LONGEST_ANSWER = 64 * 1024
/** Our own signal ends an attempt; undici's limits only clear up after it. */
const LONGEST_CONNECT_MS = 60_000
const AGENT_OPTIONS = {
  connect: { timeout: LONGEST_CONNECT_MS },
  headersTimeout: LONGEST_CONNECT_MS,
  bodyTimeout: LONGEST_CONNECT_MS,
  allowH2: false,
  connections: 8,
}

const TIMED_OUT = Symbol('timed out')
const STOPPED = Symbol('stopped')

/** `env` is where the usual proxy variables are looked up. */
export function createHttp(deps: { userAgent: string; clock: Clock; env?: Environment }): Http {
  const { userAgent, clock, env = process.env } = deps
  const proxies = new Map<string, Dispatcher>()
  let direct: Dispatcher | undefined

  function dispatcherFor(proxy: string | undefined): Dispatcher {
    if (proxy === undefined) {
      direct ??= createDirect(env)
      return direct
    }
    const known = proxies.get(proxy)
    if (known) return known
    const agent = new ProxyAgent({ ...AGENT_OPTIONS, uri: proxy })
    proxies.set(proxy, agent)
    return agent
  }

  return {
    async send(asked, { timeoutMs, proxy, signal }) {
      const { url, authorization } = splitUserInfo(asked.url)
      const controller = new AbortController()
      const cancelTimeout = clock.after(timeoutMs, () => controller.abort(TIMED_OUT))
      const stop = () => controller.abort(STOPPED)
      signal?.addEventListener('abort', stop, { once: true })
      if (signal?.aborted) stop()
      try {
        const response = await request(url, {
          dispatcher: dispatcherFor(proxy),
          method: asked.method,
          headers: {
            'user-agent': userAgent,
            'accept-encoding': 'identity',
            ...authorization,
            ...asked.headers,
          },
          body: asked.body,
          signal: controller.signal,
        })
        const body = await readStart(response.body)
        return {
          type: 'answer',
          answer: { status: response.statusCode, headers: flatten(response.headers), body },
        }
      } catch (error) {
        return { type: 'fault', reason: reasonOf(error, controller.signal, url, timeoutMs, proxy) }
      } finally {
        cancelTimeout()
        signal?.removeEventListener('abort', stop)
      }
    },

    async close() {
      const agents = [...proxies.values(), ...(direct ? [direct] : [])]
      proxies.clear()
      direct = undefined
      await Promise.all(agents.map(agent => agent.destroy()))
    },
  }
}

function createDirect(env: Environment): Dispatcher {
  const httpProxy = env.http_proxy ?? env.HTTP_PROXY
  const httpsProxy = env.https_proxy ?? env.HTTPS_PROXY
  if (!httpProxy && !httpsProxy) return new Agent(AGENT_OPTIONS)
  const noProxy = env.no_proxy ?? env.NO_PROXY
  return new EnvHttpProxyAgent({
    ...AGENT_OPTIONS,
    // An absent one must not be looked up again in the process's own environment.
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: noProxy ?? '',
  })
}

/** What a URL's `user:password@` says, as the header that it stands for. */
function splitUserInfo(text: string): { url: URL; authorization: { authorization?: string } } {
  const url = new URL(text)
  if (url.username === '' && url.password === '') return { url, authorization: {} }
  const pair = `${decode(url.username)}:${decode(url.password)}`
  url.username = ''
  url.password = ''
  return { url, authorization: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
}

/** The beginning of an answer; the connection of a longer one is dropped. */
async function readStart(body: Dispatcher.ResponseData['body']): Promise<string> {
  // Leaving the loop early makes the stream complain of it.
  body.on('error', () => {})
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= LONGEST_ANSWER) break
  }
  return Buffer.concat(chunks).subarray(0, LONGEST_ANSWER).toString()
}

function flatten(headers: { [name: string]: string | string[] | undefined }): HttpAnswer['headers'] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

function reasonOf(error: unknown, signal: AbortSignal, url: URL, timeoutMs: number, proxy?: string): Reason {
  if (signal.reason === TIMED_OUT) return { code: 'timeout', text: `Timeout after ${timeoutMs / 1000}s` }
  if (signal.reason === STOPPED) return { code: 'stopped', text: 'stopped before it was answered' }
  return faultOf(error, { url, proxied: proxy !== undefined })
}
