/** Credentials of an endpoint, and keeping them out of texts. */
import type { Provider, Target } from './provider.ts'

const SHORTEST_SECRET = 4
/** Shorter parts of a path are words like `hook`. */
const SHORTEST_PATH_SECRET = 6

/** Everything of an endpoint that may be a credential: keys, header values, and all of the URL but its host. */
export function secretsOf(endpoint: { provider: Provider; target: Target; proxy?: string }): string[] {
  const { provider, target, proxy } = endpoint
  const found = new Set<string>()
  function add(value: string, shortest = SHORTEST_SECRET) {
    for (const form of [value, decode(value)]) if (form.length >= shortest) found.add(form)
  }
  for (const secret of provider.secrets?.(target.options) ?? []) {
    add(secret)
    add(encodeURIComponent(secret))
  }
  for (const secret of target.signing?.secrets ?? []) {
    add(secret)
    // Its random part, also as a query would carry it.
    add(secret.slice(secret.indexOf('_') + 1))
    add(encodeURIComponent(secret))
  }
  for (const [name, value] of Object.entries(target.headers)) {
    if (HARMLESS_HEADERS.has(name.toLowerCase())) continue
    add(value)
    for (const word of value.split(/[\s;,=]+/)) add(word, SHORTEST_PATH_SECRET)
  }
  for (const url of [URL.parse(target.url), URL.parse(proxy ?? '')]) {
    if (!url) continue
    add(url.username)
    add(url.password)
    // As it goes out, in the header of Basic authentication.
    if (url.username !== '' || url.password !== '')
      add(Buffer.from(`${decode(url.username)}:${decode(url.password)}`).toString('base64'))
    for (const part of url.pathname.split('/')) add(part, SHORTEST_PATH_SECRET)
    for (const value of url.searchParams.values()) add(value)
  }
  return [...found].sort((a, b) => b.length - a.length)
}

const HARMLESS_HEADERS = new Set(['content-type', 'accept', 'user-agent'])

/** Percent-decoded, or as it is where that can't be. */
export function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

export function redact(text: string, secrets: string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

/** Header and query names whose values let somebody in. */
export function isCredentialName(name: string): boolean {
  return /auth|cookie|key|token|secret|pass|signature|session|credential|^sid$/i.test(name)
}
