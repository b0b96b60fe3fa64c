import type { z } from 'zod'
import type { LifecycleEvent } from '../event.ts'
import type { Language } from '../language.ts'
import type { Outcome } from '../outcome.ts'
import type { Rate } from './pace.ts'
import type { Payload } from './payload.ts'
import type { Signing } from './signature.ts'

/** One event on its way to one endpoint, in that endpoint's language: all that a provider may put in a request. */
export type Notification = {
  event: LifecycleEvent
  language: Language
  /** The webhook payload: compat.md section 2, with `title`, `body` and `desp` in the endpoint's language. */
  payload: Payload
  /** Stable over all tries; where a service can merge repeats, it is told. */
  deliveryId: string
  /** How long after the event it is told, where the text must say so. */
  lateMs?: number
}

/** What a provider needs to know of an endpoint; `options` is what its own schema made of the config. */
export type Target<Options = unknown> = {
  url: string
  /** The endpoint's own; `attempt.ts` lays them over the provider's. */
  headers: { [name: string]: string }
  options: Options
  /** Only for a provider that `signs`, and where the config has a secret. */
  signing?: Signing
}

export type HttpRequest = {
  method: 'POST' | 'GET'
  url: string
  headers: { [name: string]: string }
  body?: string
}

export type HttpAnswer = {
  status: number
  /** By lower-case name. */
  headers: { [name: string]: string }
  /** At most 64 KiB; what was longer is cut. */
  body: string
}

/** What a provider knows of the try for which it makes a request. */
export type Try = {
  /** What the last `retry` outcome of the same delivery left. */
  carry?: unknown
  /** Epoch milliseconds. */
  now: number
}

/** What a provider knows beside the answer that it judges. */
export type Circumstances = Try & {
  request: HttpRequest
  /** True when an earlier attempt may have arrived, though it ended without a verdict. */
  doubtful: boolean
}

/**
 * A kind of endpoint: one file in `provider/` and one row in `catalog.ts`.
 * All functions are pure. A `carry` must survive JSON and hold no secret: it is kept between attempts.
 */
export type Provider<Options = unknown> = {
  /** File name = config value = heading in the docs. */
  type: string
  /** Schema of the endpoint's block of this name in the config (`bark: {…}`); absent where there are no options. */
  options?: z.ZodType<Options>
  /** Where the request goes when the config names no URL. Undefined: a URL is needed. */
  defaultUrl?(options: Options): string | undefined
  /** True for a URL that can only be this provider's, so that `type` need not be written. */
  ownsUrl?(url: URL): boolean
  /** How many messages the service takes; absent where it sets no limit. */
  rate?: Rate
  /** True where people read it, who want to hear of the bridge's own troubles too. */
  personal?: boolean
  /** True where what is told of a task takes the place of what was told before. */
  inPlace?: boolean
  /** True where each event must arrive by itself and in time: nothing is held. */
  promptly?: boolean
  /** True where requests can be signed by the endpoint's `secret`. */
  signs?: boolean
  /** True where every request carries a credential, in its URL or its body. */
  secretUrl?: boolean
  /** False for events that it can't be told; absent where it can be told all. */
  carries?(event: LifecycleEvent, target: Target<Options>): boolean
  /** The credentials among the options, to be kept out of every text. */
  secrets?(options: Options): string[]
  request(notification: Notification, target: Target<Options>, attempt: Try): HttpRequest
  /** The vendor's own verdict; undefined leaves it to the HTTP status (`verdict.ts`). */
  judge?(answer: HttpAnswer, circumstances: Circumstances): Outcome | undefined
}
