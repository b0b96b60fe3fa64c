import { z } from 'zod'
import type { Outcome, ReasonCode } from '../../outcome.ts'
import { renderTitle } from '../message.ts'
import { flagOption, listOption, textOption } from '../option.ts'
import { clip, clipBytes } from '../plain.ts'
import type { HttpAnswer, Provider } from '../provider.ts'
import { badAnswer, isObject, isSuccess, parseObject, quote } from '../verdict.ts'

const serverchanOptions = z.strictObject({
  sendkey: textOption('SendKey of ServerChan; the host follows from it, so that url may stay empty.'),
  short: textOption('Short text on the card, at most 64 characters.'),
  noip: flagOption('"1" hides the IP address of the sender.'),
  channel: textOption('Channels of the message, at most two joined by "|" (Turbo only).'),
  openid: textOption('Who else gets it, ids joined by "," or "|" (Turbo only).'),
  tags: listOption('Tags of the message (ServerChan³ only).'),
})

export type ServerchanOptions = z.output<typeof serverchanOptions>

const LONGEST_TITLE = 32
const LONGEST_SHORT = 64
const LONGEST_DESP = 32 * 1024

/** WeChat through ServerChan, Turbo and ³: facts/providers.md section 1. */
export const serverchan: Provider<ServerchanOptions> = {
  type: 'serverchan',
  options: serverchanOptions,
  defaultUrl: ({ sendkey }) => (sendkey === undefined ? undefined : urlOf(sendkey)),
  ownsUrl: url => /^(sctapi|sc)\.ftqq\.com$|(^|\.)push\.ft07\.com$/.test(url.hostname),
  secretUrl: true,
  personal: true,
  // It has no documented limit per second; one a second keeps clear of its limit per address.
  rate: { burst: 3, intervalMs: 1000 },
  secrets: ({ sendkey }) => (sendkey === undefined ? [] : [sendkey]),
  request({ event, language, payload, lateMs }, { url, options }) {
    const { short, noip, channel, openid, tags } = options
    const fields = {
      title: renderTitle(event, language, { longest: LONGEST_TITLE, lateMs }),
      // Its Markdown needs an empty line between lines.
      desp: clipBytes(payload.desp.replaceAll('\n', '\n\n'), LONGEST_DESP),
      short: short === undefined ? undefined : clip(short, LONGEST_SHORT),
      noip,
      channel,
      openid,
      tags: tags.length > 0 ? tags.join('|') : undefined,
    }
    return {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    }
  },
  judge(answer, { doubtful, now }) {
    const json = parseObject(answer.body)
    const code = json && (json.code ?? json.errno)
    if (!json || typeof code !== 'number') {
      return isSuccess(answer) ? badAnswer('ServerChan', answer) : undefined
    }
    const inner = isObject(json.data) && typeof json.data.errno === 'number' ? json.data.errno : 0
    // It says that it will send; whether the phone got it is another question (providers.md section 1).
    if (code === 0 && inner === 0)
      return isSuccess(answer) ? { status: 'delivered', as: 'accepted' } : undefined
    return judgeCode(code === 0 ? inner : code, wordsOf(json), answer, doubtful, now)
  },
}

function urlOf(sendkey: string): string {
  const key = encodeURIComponent(sendkey)
  const uid = /^sctp(\d+)t/.exec(sendkey)?.[1]
  return uid === undefined
    ? `https://sctapi.ftqq.com/${key}.send`
    : `https://${uid}.push.ft07.com/send/${key}.send`
}

function wordsOf(json: { [key: string]: unknown }): string {
  const inner = isObject(json.data) ? json.data.error : undefined
  return String(json.message || json.errmsg || json.error || inner || '')
}

const QUOTA_CODES = new Set([40001, 471])
/** 40001 is its word for every refusal of a key, also for one that doesn't exist. */
const BAD_KEY = /key|不存在|权限/i
const DUPLICATE = 1024

function judgeCode(
  code: number,
  words: string,
  answer: HttpAnswer,
  doubtful: boolean,
  now: number,
): Outcome | undefined {
  const text = `ServerChan: ${code} ${quote(words)}`.trimEnd()
  if (/次数限制/.test(words) || (QUOTA_CODES.has(code) && !BAD_KEY.test(words))) {
    return { status: 'retry', reason: { code: 'vendor_quota', text }, afterMs: untilMidnight(now) }
  }
  // Said of the second of two equal messages: the first, of which nothing was heard, has arrived.
  if (code === DUPLICATE && doubtful) return { status: 'delivered', as: 'duplicate' }
  if (answer.status === 429 || answer.status >= 500) {
    const kind: ReasonCode = answer.status === 429 ? 'http_rate_limited' : 'http_server_error'
    return { status: 'retry', reason: { code: kind, text } }
  }
  const isKey = QUOTA_CODES.has(code) || answer.status === 401 || answer.status === 403
  return { status: 'rejected', reason: { code: isKey ? 'http_auth' : 'vendor', text } }
}

const DAY_MS = 86_400_000
const SHANGHAI_MS = 8 * 3_600_000

/** The quota is renewed at midnight in Shanghai. */
function untilMidnight(now: number): number {
  return DAY_MS - ((now + SHANGHAI_MS) % DAY_MS)
}
