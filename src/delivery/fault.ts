/** What is wrong with an endpoint of the config, where a key alone does not show it. */
import { RETRY_DELAYS_MS } from '../outbox/retry.ts'
import { findProvider } from './catalog.ts'

import { isObject } from './verdict.ts'

type Context = { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void }

/** The checks of the fork, in its words, then what to write instead. `value` may be faulty elsewhere. */
export function checkEndpoint(value: unknown, context: Context): void {
  if (!isObject(value)) return
  const name = typeof value.name === 'string' ? value.name : 'default'
  function fault(key: string, message: string) {
    context.addIssue({ code: 'custom', path: [key], message: `notification endpoint '${name}' ${message}` })
  }
  const { timeout, retry_times: retryTimes, proxy } = value
  if (typeof timeout === 'number' && timeout < 1000) {
    fault('timeout', `timeout is too short: ${timeout / 1000}s (min 1s); write "1s" to "60s"`)
  }
  if (typeof timeout === 'number' && timeout > 60_000) {
    fault('timeout', `timeout is too long: ${timeout / 1000}s (max 60s); write "1s" to "60s"`)
  }
  if (Number.isInteger(retryTimes) && Number(retryTimes) < 0) {
    fault('retry_times', `retry_times is negative: ${retryTimes}; write 0 to 3`)
  }
  if (Number.isInteger(retryTimes) && Number(retryTimes) > RETRY_DELAYS_MS.length) {
    fault('retry_times', `retry_times is too large: ${retryTimes} (max 3); write 0 to 3`)
  }
  if (typeof proxy === 'string' && !isHttpUrl(proxy)) {
    fault('proxy', 'proxy is no URL; write it as "http://host:port"')
  }
  if (value.quiet !== undefined && providerOf(value)?.promptly)
    fault('quiet', 'has quiet hours, but its service watches for silence; leave quiet out')
  if (isObject(value.headers)) checkHeaders(value.headers, fault)
  checkSigning(value, fault)
  if (value.enabled === true) checkUrl(value, fault)
}

function checkSigning(
  value: { [key: string]: unknown },
  fault: (key: string, message: string) => void,
): void {
  // A faulty one says so itself.
  const signed = value.secret !== undefined && !(Array.isArray(value.secret) && value.secret.length === 0)
  const provider = providerOf(value)
  if (signed && provider && !provider.signs)
    fault(
      'secret',
      `has a secret, but is of type ${provider.type}, which takes no signature; leave secret out`,
    )
  if (value.githubSignature === true && !signed)
    fault(
      'githubSignature',
      'is to sign as GitHub does, but has no secret; write one, or leave githubSignature out',
    )
}

function providerOf({ type, url }: { [key: string]: unknown }) {
  return findProvider(typeof type === 'string' ? type : undefined, typeof url === 'string' ? url : '')
}

function checkUrl(value: { [key: string]: unknown }, fault: (key: string, message: string) => void): void {
  if (typeof value.url !== 'string') return
  const url = value.url.trim()
  const type = typeof value.type === 'string' ? value.type : undefined
  const provider = findProvider(type, url)
  if (url === '') {
    const block = provider?.options?.safeParse(value[provider.type])
    // Whether a block with faults of its own says where to send can't be told.
    if (block && (!block.success || provider?.defaultUrl?.(block.data) !== undefined)) return
    fault('url', 'is enabled but URL is empty; write its url, or enabled: false')
  } else if (!isHttpUrl(url)) {
    fault('url', 'has a URL that is none; write one that begins with https:// or http://')
  }
}

function checkHeaders(headers: object, fault: (key: string, message: string) => void): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      fault('headers', `has a header with a bad name; write letters, digits and "-" alone`)
    } else if (typeof value === 'string' && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      fault('headers', `has a value with a line break or a character that HTTP can't carry in header ${name}`)
    }
  }
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== ''
}
