/** Signed webhooks: Standard Webhooks, and GitHub's form (facts/delivery.md section 1, facts/providers.md section 3). */
import { createHmac, randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'

/** What an endpoint signs with. */
export type Signing = {
  /** The first is the current one; the others are on their way out, or in. */
  secrets: readonly string[]
  /** Whether `X-Hub-Signature-256` is sent too. */
  github: boolean
}

const PREFIX = 'whsec_'
const SHORTEST_BYTES = 24
const LONGEST_BYTES = 64
/** More would not fit into what receivers take as a header. */
const MOST_SECRETS = 5

const FAULT =
  'is no signing secret: that is "whsec_" and 24 to 64 random bytes in Base64; make one with: npm run pb-bridge -- secret'

const secretSchema = z.string({ error: FAULT }).refine(isSecret, { error: FAULT })

/** One secret, or several of them; an empty list is none. */
export const secretOption = z
  .union([secretSchema, z.array(secretSchema)], { error: FAULT })
  .optional()
  .transform(secret => (secret === undefined ? [] : [secret].flat()))
  .refine(
    secrets => secrets.length <= MOST_SECRETS,
    `has more than ${MOST_SECRETS} secrets; leave the oldest out`,
  )

function isSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false
  const base64 = text.slice(PREFIX.length)
  const bytes = Buffer.from(base64, 'base64')
  return (
    bytes.toString('base64') === base64 && bytes.length >= SHORTEST_BYTES && bytes.length <= LONGEST_BYTES
  )
}

/** A new secret, 32 random bytes. */
export function createSecret(): string {
  return PREFIX + randomBytes(32).toString('base64')
}

/**
 * A delivery's id as `webhook-id` carries it: what is no letter, digit, `-`, `_` or `@` stands as `%` and its bytes,
 * so that it can be part of a URL, of a header and of the signed text, whose parts a full stop divides.
 */
export function webhookId(deliveryId: string): string {
  return deliveryId.replace(/[^A-Za-z0-9_@-]/gu, character =>
    [...Buffer.from(character)].map(byte => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
  )
}

/** The headers of one try. `now`: epoch milliseconds. */
export function signatureHeaders(
  { deliveryId, now, body }: { deliveryId: string; now: number; body: string },
  signing?: Signing,
): { [name: string]: string } {
  const id = webhookId(deliveryId)
  const at = new Date(now)
  const [current] = signing?.secrets ?? []
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    ...(signing &&
      current !== undefined && {
        'webhook-signature': signing.secrets.map(secret => new Webhook(secret).sign(id, at, body)).join(' '),
      }),
    ...(signing?.github &&
      current !== undefined && { 'x-hub-signature-256': githubSignature(current, body) }),
  }
}

/** As GitHub does it, the key is the secret's text, letter for letter. */
export function githubSignature(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}
