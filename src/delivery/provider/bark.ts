import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isOutcomeUnknown, statusOf, TEST_MESSAGE } from '../../event.ts'
import type { Outcome, Reason } from '../../outcome.ts'
import { flagOption, listOption, numberOption, textOption } from '../option.ts'
import { clipBytes } from '../plain.ts'
import type { Circumstances, HttpAnswer, Notification, Provider, Target } from '../provider.ts'
import { badAnswer, isObject, isSuccess, parseObject, quote } from '../verdict.ts'
import { PHRASES } from '../wording.ts'

const LEVELS = ['critical', 'active', 'timeSensitive', 'passive'] as const

const barkOptions = z.strictObject({
  device_key: textOption('Key of the phone, from the Bark app.'),
  device_keys: listOption(
    'Keys of several phones, for a Bark server that takes batches (api.day.app does not).',
  ),
  title: textOption('Title instead of the default one.'),
  subtitle: textOption('Line below the title.'),
  body: textOption('Text instead of the default one.'),
  markdown: z
    .union([z.boolean(), z.string(), z.null()], { error: 'is neither true, false nor text' })
    .optional()
    .transform(value => (value === null || value === '' ? false : (value ?? false)))
    .describe('true sends the text as Markdown; a text is sent as Markdown instead of the default one.'),
  level: z
    .enum(LEVELS, { error: `is no level of Bark; write one of ${LEVELS.join(', ')}` })
    .nullish()
    .transform(level => level ?? undefined)
    .describe('How loud it is; by default failures are critical, successes passive and others active.'),
  volume: numberOption('Volume of a critical alert, 0 to 10.'),
  badge: numberOption('Number on the icon of the app.'),
  call: flagOption('"1" rings for 30 seconds.'),
  autoCopy: flagOption('"1" copies the text on the phone.'),
  copy: textOption('What is copied instead of the text.'),
  sound: textOption('Name of the sound.'),
  icon: textOption('URL of an icon.'),
  image: textOption('URL of a picture.'),
  group: textOption('Group of the message; by default the id of the plugin.'),
  url: textOption('URL that a tap opens.'),
  action: textOption('"none" makes a tap do nothing.'),
  id: textOption('Id of the message; a later message with the same id replaces it.'),
  delete: flagOption('"1" deletes the message with this id.'),
  isArchive: flagOption('"1" keeps the message in the history of the app.'),
  ttl: textOption('Seconds that the message is kept in the history.'),
  ciphertext: textOption('A text that was encrypted for the phone, passed on as it is.'),
  iv: textOption('The initialisation vector of ciphertext, passed on as it is.'),
})

export type BarkOptions = z.output<typeof barkOptions>

/** Phones through a Bark server: facts/compat.md section 3, facts/providers.md section 1. */
export const bark: Provider<BarkOptions> = {
  type: 'bark',
  options: barkOptions,
  defaultUrl: options => (keysOf(options).length > 0 ? 'https://api.day.app/push' : undefined),
  ownsUrl: url => url.hostname === 'api.day.app',
  secretUrl: true,
  personal: true,
  inPlace: true,
  secrets: keysOf,
  request(notification, target, { carry }) {
    const url = resolveUrl(target)
    return {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        fit({ ...messageOf(notification, target.options), ...keysFor(url, target, carry) }),
      ),
    }
  },
  judge(answer, circumstances) {
    const json = parseObject(answer.body)
    if (json && Array.isArray(json.data) && isBatch(circumstances))
      return judgeBatch(json.data, circumstances)
    if (!json || typeof json.code !== 'number') {
      return isSuccess(answer) ? badAnswer('Bark', answer) : undefined
    }
    if (json.code === 200) return isSuccess(answer) ? { status: 'delivered' } : undefined
    return judgeEntry(json.code, String(json.message ?? ''), answer)
  },
}

function keysOf({ device_key, device_keys }: BarkOptions): string[] {
  return [...new Set([...(device_keys ?? []), ...(device_key === undefined ? [] : [device_key])])]
}

/** The placeholders are the fork's; a bare host means `/push`, where the key goes in the body. */
function resolveUrl({ url, options }: Target<BarkOptions>): string {
  const keys = keysOf(options)
  const { device_key } = options
  const filled =
    device_key === undefined
      ? url
      : url
          .replaceAll('{device_key}', encodeURIComponent(device_key))
          .replaceAll('{key}', encodeURIComponent(device_key))
  const parsed = new URL(filled)
  if (parsed.pathname !== '/' || keys.length === 0) return filled
  parsed.pathname = '/push'
  return parsed.href
}

/** The key goes in the body only where the URL does not carry it: at `/push`. */
function keysFor(url: string, { options }: Target<BarkOptions>, carry: unknown): object {
  const { device_key, device_keys } = options
  if ((device_keys ?? []).length > 0) return { device_keys: pendingKeys(options, carry) }
  const isPush = new URL(url).pathname.replace(/\/+$/, '').endsWith('/push')
  return isPush && device_key !== undefined ? { device_key } : {}
}

/** The one of the config, if there is one, still says that it is a test, and which backup it is about. */
function titleOf({ event, language, payload }: Notification, options: BarkOptions): string {
  if (options.title === undefined) return payload.title
  const title = (event.message === TEST_MESSAGE ? PHRASES.test[language] : '') + options.title
  const id = event.backup?.id
  return id === undefined || new RegExp(`#${id}(?!\\d)`).test(title) ? title : `${title} #${id}`
}

/** The fields in the fork's order. */
function messageOf(notification: Notification, options: BarkOptions): { [name: string]: string | number } {
  const { event, payload } = notification
  const title = titleOf(notification, options)
  const { markdown } = options
  const fields: { [name: string]: string | number | undefined } = {
    ...(markdown === false
      ? { body: options.body ?? payload.body }
      : { markdown: markdown === true ? (options.body ?? payload.desp) : markdown }),
    title,
    subtitle: options.subtitle,
    level: options.level ?? levelOf(event),
    volume: options.volume,
    badge: options.badge,
    call: options.call,
    autoCopy: options.autoCopy,
    copy: options.copy,
    sound: options.sound,
    icon: options.icon,
    image: options.image,
    group: options.group ?? payload.plugin.id,
    url: options.url,
    action: options.action,
    // One banner a task: its end takes the place of its start, and a repeat that of the first.
    id: options.id ?? markOf(event.taskId),
    delete: options.delete,
    isArchive: options.isArchive,
    ttl: options.ttl,
    ciphertext: options.ciphertext,
    iv: options.iv,
  }
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string | number] => field[1] !== undefined),
  )
}

/** An unknown outcome is as bad as a failure if nothing hid it from the bridge. */
function levelOf(event: Notification['event']): (typeof LEVELS)[number] {
  const status = statusOf(event.name)
  if (status === 'success') return 'passive'
  if (status === 'notice') return 'timeSensitive'
  if (status === 'start' || event.message === 'aborted') return 'active'
  return isOutcomeUnknown(event) && event.extra?.watched === false ? 'timeSensitive' : 'critical'
}

/** APNs takes 4096 bytes in all, of which Bark's server needs some. */
const LONGEST_MESSAGE = 3600

function fit(fields: { [name: string]: unknown }): { [name: string]: unknown } {
  const name = 'markdown' in fields ? 'markdown' : 'body'
  const text = fields[name]
  const { device_key: _key, device_keys: _keys, ...message } = fields
  const over = Buffer.byteLength(JSON.stringify(message)) - LONGEST_MESSAGE
  if (over <= 0 || typeof text !== 'string') return fields
  return { ...fields, [name]: clipBytes(text, Math.max(64, Buffer.byteLength(text) - over)) }
}

/** `pending`: marks of the keys still to be sent to. `refused`: how many can't be reached at all. */
type BatchCarry = { pending: string[]; refused: number }

function readBatchCarry(carry: unknown): BatchCarry | undefined {
  if (!isObject(carry) || !Array.isArray(carry.pending)) return undefined
  return { pending: carry.pending.map(String), refused: Number(carry.refused) || 0 }
}

/** Stands for a key where the key itself must not be kept. */
function markOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 12)
}

function pendingKeys(options: BarkOptions, carry: unknown): string[] {
  const keys = keysOf(options)
  const pending = readBatchCarry(carry)?.pending
  return pending ? keys.filter(key => pending.includes(markOf(key))) : keys
}

function sentKeys({ request }: Circumstances): string[] {
  const keys = parseObject(request.body ?? '')?.device_keys
  return Array.isArray(keys) ? keys.map(String) : []
}

function isBatch(circumstances: Circumstances): boolean {
  return sentKeys(circumstances).length > 0
}

/** A batch is always answered with 200; each entry has a code of its own. */
function judgeBatch(entries: unknown[], circumstances: Circumstances): Outcome {
  const keys = sentKeys(circumstances)
  const pending: string[] = []
  let refused = readBatchCarry(circumstances.carry)?.refused ?? 0
  let reason: Reason | undefined
  for (const [index, key] of keys.entries()) {
    const entry = entryOf(entries, key, index)
    if (entry?.code === 200) continue
    const outcome = judgeEntry(Number(entry?.code ?? 500), String(entry?.message ?? 'no answer for this key'))
    if (outcome.status === 'retry') pending.push(markOf(key))
    else refused++
    if (outcome.status !== 'delivered') reason ??= outcome.reason
  }
  if (pending.length === 0 && refused === 0) return { status: 'delivered' }
  const failed = pending.length + refused
  const last = reason ?? { code: 'vendor', text: 'Bark: refused earlier' }
  const told: Reason = { code: last.code, text: `${failed} of the phones not reached: ${last.text}` }
  if (pending.length === 0) return { status: 'rejected', reason: told }
  return { status: 'retry', reason: told, carry: { pending, refused } satisfies BatchCarry }
}

function entryOf(entries: unknown[], key: string, index: number): { [name: string]: unknown } | undefined {
  const named = entries.filter(isObject).find(entry => entry.device_key === key)
  const placed = entries[index]
  return named ?? (isObject(placed) && placed.device_key === undefined ? placed : undefined)
}

/** Faults of the message or of the phone's registration, which Bark wraps in a 500: another try is of no use. */
const LASTING = /PayloadTooLarge|BadDeviceToken|Unregistered|DeviceTokenNotForTopic|\b410\b/

function judgeEntry(code: number, message: string, answer?: HttpAnswer): Outcome {
  const text = `Bark: ${code} ${quote(message)}`.trimEnd()
  if (code === 429 || answer?.status === 429) {
    return { status: 'retry', reason: { code: 'http_rate_limited', text } }
  }
  if (code === 401 || code === 403) return { status: 'rejected', reason: { code: 'http_auth', text } }
  if (code === 404) return { status: 'rejected', reason: { code: 'http_not_found', text } }
  const temporary = code === 408 || (code >= 500 && !LASTING.test(message))
  return { status: temporary ? 'retry' : 'rejected', reason: { code: 'vendor', text } }
}
