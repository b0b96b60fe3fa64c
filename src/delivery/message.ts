/** What people read of an event: title, body and Markdown (`desp`), in one language. */
import { formatDuration } from '../duration.ts'
import {
  type Anomaly,
  isOutcomeUnknown,
  type LifecycleEvent,
  statusOf,
  TEST_MESSAGE,
  taskOf,
} from '../event.ts'
import type { Language, Text } from '../language.ts'
import { escapeMarkdown } from './markdown.ts'
import { clip, formatBytes, plain } from './plain.ts'
import {
  ANOMALIES,
  COMMENTS,
  FIELDS,
  type FieldName,
  MESSAGES,
  NOTES,
  PHRASES,
  RESULTS,
  type Result,
  STATUSES,
  STREAKS,
  TASKS,
} from './wording.ts'

export type Message = { title: string; body: string; desp: string }

/** A server's name that is cut shorter says nothing. */
const SHORTEST_SERVER = 3
const LONGEST_COMMENT = 256
const LONGEST_NAME = 128
const LONGEST_ERROR = 512

export function toMessage(
  event: LifecycleEvent,
  language: Language,
  lateMs?: number,
  tellsStreak = false,
): Message {
  const fields = fieldsOf(event, language, lateMs, tellsStreak)
  return {
    title: renderTitle(event, language, { lateMs }),
    body: fields.map(({ name, value }) => `${FIELDS[name][language]}: ${value}`).join('\n'),
    desp: fields
      .map(({ name, value, foreign }) => {
        return `- **${FIELDS[name][language]}**: ${foreign ? escapeMarkdown(value) : value}`
      })
      .join('\n'),
  }
}

/**
 * `survival: backup #12 failed: world save timed out`. Where that is longer than `longest`, the detail goes first,
 * then the server's name is cut or left out, then the prefix: the rest says what happened.
 */
export function renderTitle(
  event: LifecycleEvent,
  language: Language,
  { longest = 200, lateMs }: { longest?: number; lateMs?: number } = {},
): string {
  const prefix =
    (lateMs === undefined ? '' : PHRASES.late[language]) +
    (event.message === TEST_MESSAGE ? PHRASES.test[language] : '') +
    (event.extra?.corrects === undefined ? '' : PHRASES.correction[language])
  if (event.notice) return clip(prefix + noticeTitle(event, event.notice, language), longest)
  const server = plain(event.server)
  const outcome = PHRASES.colon[language] + outcomeOf(event, language, event.backup?.id)
  const detail = titleDetailOf(event, language)
  const full = prefix + server + outcome + (detail === undefined ? '' : PHRASES.colon[language] + detail)
  if (full.length <= longest) return full
  const room = longest - prefix.length - outcome.length
  if (room >= SHORTEST_SERVER) return prefix + clip(server, room) + outcome
  const bare = outcomeOf(event, language, event.backup?.id)
  return clip(prefix.length + bare.length <= longest ? prefix + bare : bare, longest)
}

/** `survival: Prime Backup Bridge: what it says`; without the server where it is about none. */
function noticeTitle({ server }: LifecycleEvent, { text }: { text: Text }, language: Language): string {
  const subject = server === '' ? '' : plain(server) + PHRASES.colon[language]
  return `${subject}${TASKS.bridge[language]}${PHRASES.colon[language]}${plain(text[language])}`
}

/** `backup #12 failed`. */
function outcomeOf(event: LifecycleEvent, language: Language, id?: number): string {
  const subject = TASKS[taskOf(event.name)][language] + (id === undefined ? '' : ` #${id}`)
  // Chinese sets no space between words, save beside the number.
  const gap = language === 'zh_cn' && id === undefined ? '' : ' '
  return subject + gap + RESULTS[resultOf(event)][language]
}

function titleDetailOf(event: LifecycleEvent, language: Language): string | undefined {
  const { message } = event
  if (message === undefined || resultOf(event) !== 'failed') return undefined
  const lost = exportFailures(message)
  if (lost !== undefined) return language === 'zh_cn' ? `${lost} 个文件未恢复` : `${count(lost)} not restored`
  return lookUp(MESSAGES, message)?.title?.[language]
}

function resultOf(event: LifecycleEvent): Result {
  const status = statusOf(event.name)
  if (status === 'notice') return 'notice'
  if (status === 'start') return 'started'
  if (status === 'success') return 'completed'
  if (event.message === 'aborted') return 'aborted'
  return isOutcomeUnknown(event) ? 'unknown' : 'failed'
}

/** `foreign`: with words that a player, the server or Prime Backup wrote. */
type Field = { name: FieldName; value: string; foreign: boolean }

function fieldsOf(
  event: LifecycleEvent,
  language: Language,
  lateMs: number | undefined,
  tellsStreak: boolean,
): Field[] {
  const { backup, operator, source, error, extra } = event
  const result = resultOf(event)
  const task = taskOf(event.name)
  const hint = extra?.operator_hint === true ? PHRASES.probably[language] : ''
  // A restore's creator is read from Prime Backup's own lines; a backup's follows the hint.
  const backupHint = task === 'backup' ? hint : ''
  const comment = backup?.comment ?? (typeof extra?.comment === 'string' ? extra.comment : undefined)
  const fields: Field[] = []
  function add(name: FieldName, value: string | undefined, foreign = false, before = '') {
    if (value) fields.push({ name, value: before + value, foreign })
  }
  if (event.digest) return digestFields(event, event.digest, language)
  if (event.notice) {
    add('message', plain(event.notice.text[language]), true)
    add('note', notesOf(event, result, language, lateMs))
    add('time', renderTime(event.at))
    return fields
  }
  add('event', outcomeOf(event, language))
  add('task', TASKS[task][language])
  add('status', STATUSES[result][language] + (extra?.inferred === true ? PHRASES.inferred[language] : ''))
  add('backup', backup?.id === undefined ? undefined : `#${backup.id}`)
  add('date', named(backup?.date), true)
  add('comment', comment === undefined ? undefined : renderComment(comment, language), true)
  add('creator', named(backup?.creator?.replace(/:$/, '')), true, backupHint)
  add('operator', operator && named(joined(operator)), true, hint)
  add('source', source && named(joined(source)), true, hint)
  add('files', filesOf(event, language))
  add('cost', event.costS === undefined ? undefined : formatDuration(event.costS * 1000, language))
  add('message', event.message && messageOf(event.message, language), true)
  add('error', error && clip(plain(`${error.type}: ${error.message}`).replace(/:$/, ''), LONGEST_ERROR), true)
  add('streak', tellsStreak ? streakOf(event, language) : undefined)
  add('note', notesOf(event, result, language, lateMs))
  add('time', renderTime(event.at))
  return fields
}

/** One line an event, each with its own time; the rest is counted. */
function digestFields({ at, extra }: LifecycleEvent, held: LifecycleEvent[], language: Language): Field[] {
  const more = Number(extra?.count ?? held.length) - held.length
  const lines = held.map(
    (event): Field => ({
      name: 'event',
      value: `${renderTime(event.at).slice(5, 16)} ${renderTitle(event, language)}`,
      foreign: true,
    }),
  )
  if (more > 0)
    lines.push({ name: 'note', value: PHRASES.more[language].replace('{}', String(more)), foreign: false })
  return [...lines, { name: 'time', value: renderTime(at), foreign: false }]
}

/** `the 3rd …` has no plain form in both languages: the count, and since when. */
function streakOf({ name, at, streak }: LifecycleEvent, language: Language): string | undefined {
  if (!streak) return undefined
  const { failures, since } = streak
  const isOver = statusOf(name) === 'success'
  if (!isOver && failures === 1) return undefined
  const values = [String(failures), isOver ? formatDuration(at - since, language) : renderTime(since)]
  return (isOver ? STREAKS.over : STREAKS.goesOn)[language].replace(/\{\}/g, () => values.shift() ?? '')
}

function named(text: string | undefined): string | undefined {
  return text === undefined ? undefined : clip(plain(text), LONGEST_NAME)
}

function joined({ type, name }: { type: string; name: string }): string {
  return name === '' ? type : `${type}:${name}`
}

/** A player's comment as plain text, Prime Backup's own in the reader's language. */
function renderComment(comment: string, language: Language): string {
  const match = /^__pb_translated__:([^:]*)(?::(.*))?$/s.exec(comment)
  const text = match?.[1] === undefined ? undefined : lookUp(COMMENTS, match[1])?.[language]
  const args = (match?.[2] ?? '').split('|')
  const told = text?.replace(/\{\}/g, () => args.shift() ?? '') ?? comment.replace(/^__pb_translated__:/, '')
  return clip(plain(told), LONGEST_COMMENT)
}

function filesOf({ backup, extra }: LifecycleEvent, language: Language): string | undefined {
  const approximate = Array.isArray(extra?.approximate) ? extra.approximate : []
  const size = (bytes: number, key: string) => (approximate.includes(key) ? '≈' : '') + formatBytes(bytes)
  const zh = language === 'zh_cn'
  const parts: string[] = []
  if (backup?.fileCount !== undefined) {
    parts.push(zh ? `${backup.fileCount} 个文件` : count(backup.fileCount))
  }
  if (backup?.rawBytes !== undefined) {
    const raw = size(backup.rawBytes, 'raw_size')
    parts.push(zh ? `原始 ${raw}` : `${raw} raw`)
  }
  if (backup?.storedBytes !== undefined) {
    const stored = size(backup.storedBytes, 'stored_size')
    parts.push(zh ? `存储 ${stored}` : `${stored} stored`)
  }
  return parts.length > 0 ? parts.join(zh ? '，' : ', ') : undefined
}

function count(files: number): string {
  return files === 1 ? '1 file' : `${files} files`
}

function messageOf(message: string, language: Language): string {
  const lost = exportFailures(message)
  if (lost !== undefined) {
    return language === 'zh_cn' ? `${lost} 个文件未能恢复` : `${count(lost)} could not be restored`
  }
  return lookUp(MESSAGES, message)?.text[language] ?? clip(plain(message), LONGEST_COMMENT)
}

/** The number of `export_failures: 3`. */
function exportFailures(message: string): number | undefined {
  const digits = /^export_failures: (\d+)$/.exec(message)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function notesOf(
  { extra, anomaly }: LifecycleEvent,
  result: Result,
  language: Language,
  lateMs?: number,
): string | undefined {
  const notes: Text[] = []
  if (extra?.corrects !== undefined) notes.push(NOTES.corrects)
  if (extra?.start_unseen === true) notes.push(NOTES.startUnseen)
  if (extra?.inferred === true && result === 'completed') notes.push(NOTES.returned)
  if (extra?.inferred === true && extra.watched === false) notes.push(NOTES.unwatched)
  const texts = notes.map(note => note[language])
  if (anomaly) texts.push(anomalyText(anomaly, language))
  if (lateMs !== undefined)
    texts.unshift(NOTES.late[language].replace('{}', formatDuration(lateMs, language)))
  return texts.length > 0 ? texts.join(language === 'zh_cn' ? '；' : '; ') : undefined
}

/** `its size is 0.5 times that of the last 10 backups (their median)`. */
function anomalyText({ of, ratio, compared }: Anomaly, language: Language): string {
  return ANOMALIES[of][language].replace('{0}', String(ratio)).replace('{1}', String(compared))
}

/** `2026-11-25 08:51:25 +08:00`: the time where the bridge runs, and its zone. */
function renderTime(at: number): string {
  const date = new Date(at)
  const minutes = -date.getTimezoneOffset()
  const local = new Date(at + minutes * 60_000).toISOString().slice(0, 19).replace('T', ' ')
  const ahead = Math.abs(minutes)
  return `${local} ${minutes < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/** A row of a table by a key from outside, which may be `constructor`. */
function lookUp<T>(table: { [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
