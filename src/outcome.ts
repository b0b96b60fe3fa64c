/** What one attempt of a delivery came to. Outcomes are values; throwing means a bug. */

/** Stable codes; each has a text and a remedy in `delivery/remedy.ts`. */
export type ReasonCode =
  | 'http_auth'
  | 'http_not_found'
  | 'http_gone'
  | 'http_redirect'
  | 'http_too_large'
  | 'http_rejected'
  | 'http_rate_limited'
  | 'http_server_error'
  | 'dns'
  | 'refused'
  | 'reset'
  | 'unreachable'
  | 'tls'
  | 'proxy'
  | 'timeout'
  | 'vendor'
  | 'vendor_quota'
  | 'bad_answer'
  | 'stopped'
  /** A fault of ours. */
  | 'internal'

export type Reason = {
  code: ReasonCode
  /** One line in English for logs and chat, without a secret: `HTTP 401: Unauthorized`. */
  text: string
  /** The beginning of the answer's body, secrets taken out; where there was an answer. */
  answer?: string
}

export type Outcome =
  /** `accepted`: taken for sending on. `duplicate`: an earlier try of unknown end had arrived. */
  | { status: 'delivered'; as?: 'accepted' | 'duplicate' }
  /** Worth another try. `afterMs`: not sooner than this. `carry`: what the provider wants to know next time. */
  | { status: 'retry'; reason: Reason; afterMs?: number; carry?: unknown }
  | { status: 'rejected'; reason: Reason }
