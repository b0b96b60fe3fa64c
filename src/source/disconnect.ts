/** Why a connection ended, and whether trying again soon can mend it. Source: facts/chat-and-log.md section 1. */
import { type Component, textOf } from './component.ts'

export type Ending = {
  /** One line for the log; never a secret. */
  reason: string
  /** The server's own words, where it gave any. */
  component?: Component
  /** What an operator must do; present where trying again soon can't help. */
  remedy?: string
}

const REMEDIES: { keys: RegExp; words: RegExp; remedy: string }[] = [
  {
    keys: /^multiplayer\.disconnect\.(banned|ip_banned)/,
    words: /\bbanned\b|封禁|被封/i,
    remedy: 'the bot is banned: pardon it on the server (/pardon NAME)',
  },
  {
    keys: /^multiplayer\.disconnect\.not_whitelisted/,
    words: /white-?list|白名单/i,
    remedy: 'add the bot to the whitelist (/whitelist add NAME)',
  },
  {
    keys: /^multiplayer\.disconnect\.(outdated_|incompatible)/,
    words: /outdated (client|server)|incompatible client|wrong protocol version|please use \d/i,
    remedy: 'set minecraft.version to the version that the server runs, or "auto"',
  },
  {
    keys: /^multiplayer\.disconnect\.duplicate_login/,
    words: /logged in from another location/i,
    remedy:
      'another client uses this name: give the bot an account of its own, and run one bridge per account',
  },
  {
    keys: /^multiplayer\.disconnect\.(unverified_username|not_authenticated)/,
    words: /failed to verify username|not authenticated with minecraft/i,
    remedy: 'the server checks accounts (online-mode=true): set minecraft.auth to "microsoft"',
  },
  {
    keys: /^multiplayer\.disconnect\.missing_public_key|^multiplayer\.disconnect\.invalid_public_key/,
    words: /secure profile|profile public key/i,
    remedy: 'the server demands signed chat: set enforce-secure-profile=false in its server.properties',
  },
  {
    keys: /^$/,
    words: /ip forwarding|directly to this server|bungeecord/i,
    remedy: 'this is a server behind a proxy: point minecraft.host and minecraft.port at the proxy',
  },
]

/** The reason of a kick, classified by the translation key, else by the words that servers and plugins use. */
/** A vanilla key is certain; words are tried only where there is none. */
export function kickedFor(component: Component | undefined, username: string): Ending {
  const text = component ? oneLine(textOf(component)) : ''
  const key = component?.translate ?? ''
  const row = REMEDIES.find(({ keys, words }) => (key === '' ? words.test(text) : keys.test(key)))
  return {
    reason: `kicked: ${text || 'no reason given'}`,
    ...(component && { component }),
    ...(row && { remedy: row.remedy.replace('NAME', username) }),
  }
}

/** What went wrong with a connection. Where a name has several addresses, the fault of all of them has no words. */
export function messageOf(error: Error & { code?: unknown }): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  if (first instanceof Error) return messageOf(first)
  return error.message || String(error.code ?? 'connection error')
}

/** At most 200 characters on one line, for logs: what a server writes may be long and may hold control characters. */
export function oneLine(text: string): string {
  const plain = text
    .replace(/§./gs, '')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  const characters = [...plain]
  return characters.length > 200 ? `${characters.slice(0, 199).join('')}…` : plain
}
