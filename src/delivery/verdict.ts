/** What an HTTP answer or a failed request comes to, before or without a vendor's own word. */
import { STATUS_CODES } from 'node:http'
import type { Outcome, Reason, ReasonCode } from '../outcome.ts'
import { clip, plain } from './plain.ts'
import type { HttpAnswer } from './provider.ts'

/** The status classes of facts/providers.md section 1. */
export function judgeStatus(answer: HttpAnswer, url: string): Outcome {
  const { status } = answer
  if (isSuccess(answer))
    return status === 202 ? { status: 'delivered', as: 'accepted' } : { status: 'delivered' }
  const code = codeOf(status)
  const moved = code === 'http_redirect' ? ` (moved to ${renderLocation(answer.headers.location, url)})` : ''
  const reason = { code, text: `HTTP ${status}: ${STATUS_CODES[status] ?? 'unknown status'}${moved}` }
  return TEMPORARY.has(status) || status >= 500 ? { status: 'retry', reason } : { status: 'rejected', reason }
}

export function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status <= 299
}

const TEMPORARY = new Set([408, 425, 429])

const STATUS_REASONS: { [status: number]: ReasonCode } = {
  401: 'http_auth',
  403: 'http_auth',
  404: 'http_not_found',
  407: 'proxy',
  408: 'timeout',
  410: 'http_gone',
  413: 'http_too_large',
  425: 'http_rate_limited',
  429: 'http_rate_limited',
}

function codeOf(status: number): ReasonCode {
  if (status >= 500) return 'http_server_error'
  if (status < 400) return 'http_redirect'
  return STATUS_REASONS[status] ?? 'http_rejected'
}

/** Where a redirect leads, without its query and without what stood in the path of the URL that was asked. */
function renderLocation(location: string | undefined, from: string): string {
  if (location === undefined) return 'nowhere'
  const base = URL.parse(from)
  const target = URL.parse(location, from)
  if (!target || !base) return 'an address that is none'
  const own = base.pathname.split('/').filter(part => part !== '')
  const path = target.pathname.split('/').map(part => (own.some(mine => part.includes(mine)) ? '…' : part))
  return clip(plain(target.origin + path.join('/')), 200)
}

/** Milliseconds to wait: of seconds, or of an HTTP date. Undefined where it is neither. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** A vendor's own words for a reason: one line, not long. */
export function quote(text: string): string {
  return clip(plain(text), 160)
}

/** The reason of an answer that is not what this service answers. */
export function badAnswer(service: string, answer: HttpAnswer): Outcome {
  const what = answer.body.trim() === '' ? 'an empty answer' : 'an answer that is not its own'
  return {
    status: 'retry',
    reason: { code: 'bad_answer', text: `${service}: ${what} (HTTP ${answer.status})` },
  }
}

/** The JSON object in an answer; undefined where there is none. */
export function parseObject(body: string): { [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True when the request may have been carried out although its attempt ended so. */
export function isDoubtful(code: ReasonCode): boolean {
  return DOUBTFUL.has(code)
}

const DOUBTFUL = new Set<ReasonCode>(['timeout', 'reset', 'bad_answer', 'stopped', 'http_server_error'])

const FAULTS: { [errorCode: string]: ReasonCode } = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  ENODATA: 'dns',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  EPROTO: 'tls',
  UND_ERR_PRX_TLS: 'proxy',
  UND_ERR_PRX_CONN: 'proxy',
  UND_ERR_HEADERS_OVERFLOW: 'bad_answer',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'bad_answer',
  UND_ERR_DESTROYED: 'stopped',
  UND_ERR_CLOSED: 'stopped',
  UND_ERR_INVALID_ARG: 'internal',
}

const FAULT_TEXTS: { [C in ReasonCode]?: (host: string) => string } = {
  dns: host => `no address found for ${host}`,
  refused: host => `connection refused by ${host}`,
  reset: host => `connection cut by ${host}`,
  unreachable: host => `${host} can't be reached`,
  tls: host => `no trusted TLS connection to ${host}`,
  timeout: host => `no connection to ${host} in time`,
  bad_answer: host => `${host} does not answer as HTTP does`,
  stopped: () => 'stopped before it was answered',
  proxy: () => "the proxy can't be used",
}

/** The reason of a request for `url` that got no answer. */
export function faultOf(error: unknown, { url, proxied }: { url: URL; proxied: boolean }): Reason {
  const fault = firstFault(error)
  const found = fault.code === undefined ? undefined : codeOfFault(fault.code)
  const throughProxy = proxied || /\bproxy\b/i.test(fault.message) || isElsewhere(fault, url)
  // Whoever goes through a proxy connects to nobody else.
  const connecting = found === 'dns' || found === 'refused' || found === 'internal' || found === undefined
  const code: ReasonCode = throughProxy && connecting ? 'proxy' : (found ?? 'unreachable')
  const text = FAULT_TEXTS[code]?.(url.host) ?? 'the request could not be made'
  return { code, text: fault.code === undefined ? text : `${text} (${fault.code})` }
}

function codeOfFault(code: string): ReasonCode | undefined {
  if (Object.hasOwn(FAULTS, code)) return FAULTS[code]
  if (code.startsWith('HPE')) return 'bad_answer'
  return /CERT|SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO/.test(code) ? 'tls' : undefined
}

type Fault = { code?: string; message: string; hostname?: string; port?: number }

/** The innermost error that has a code: connecting to several addresses fails with one error for all of them. */
function firstFault(error: unknown): Fault {
  let fault: Fault = { message: '' }
  let current = error
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    const { code, hostname, port } = current as NodeJS.ErrnoException & { hostname?: string; port?: number }
    if (typeof code === 'string') fault = { code, message: current.message, hostname, port }
    else if (current.name === 'HTTPParserError') fault = { code: 'HPE', message: current.message }
    else if (fault.code === undefined) fault = { message: current.message }
    current = current instanceof AggregateError ? current.errors[0] : current.cause
  }
  return fault
}

/** True when the connection that failed led to another place than the URL: to a proxy of the environment. */
function isElsewhere({ hostname, port }: Fault, url: URL): boolean {
  const urlPort = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const urlHost = url.hostname.replace(/^\[|\]$/g, '')
  return (port !== undefined && port !== urlPort) || (hostname !== undefined && hostname !== urlHost)
}
