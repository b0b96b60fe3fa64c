/** Prime Backup's answer to `!!pb show <id>`, line by line, in both languages. Source: the corpus's `show*` recordings. */
import type { BackupFacts } from '../event.ts'
import { type Run, textOf } from '../source/component.ts'
import { NO_COMMENT, parseSize, stripFormatting } from './messages.ts'

const HEADER = /^======== (?:Backup |备份)#(\d{1,10}) ========$/
const DATE = /^(?:Creation date|创建日期): (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)$/
const COMMENT = /^(?:Comment|注释): (.*)$/s
const STORED = /^(?:Size \(stored\)|存储大小): (\S{1,20}) \([\d.]{1,10}%\)$/
const RAW = /^(?:Size \(raw\)|原始大小): (\S{1,20})$/
const CREATOR = /^(?:Creator|创建者): /
const NO_TAGS = /^(?:Tags|标签): (?:empty|空)$/
const TAG = /: (true|false)$/

/** The id that a header names. */
export function readShowHeader(runs: readonly Run[]): number | undefined {
  const id = HEADER.exec(plainOf(runs))?.[1]
  return id === undefined ? undefined : Number(id)
}

/** What one line of the answer adds; nothing for a line that is none of it. Sizes are rounded texts. */
export function readShowLine(runs: readonly Run[]): BackupFacts {
  const text = plainOf(runs)
  const date = DATE.exec(text)?.[1]
  if (date !== undefined) return { date }
  const comment = COMMENT.exec(text)?.[1]
  if (comment !== undefined) return { comment: NO_COMMENT.has(comment) ? '' : comment }
  const storedBytes = parseSize(STORED.exec(text)?.[1] ?? '')
  if (storedBytes !== undefined) return { storedBytes }
  const rawBytes = parseSize(RAW.exec(text)?.[1] ?? '')
  if (rawBytes !== undefined) return { rawBytes }
  if (CREATOR.test(text)) {
    const creator = creatorOf(runs)
    return creator === undefined ? {} : { creator }
  }
  if (NO_TAGS.test(text)) return { tags: {} }
  const value = TAG.exec(text)?.[1]
  const name = value === undefined ? undefined : tagOf(runs)
  return name === undefined ? {} : { tags: { [name]: value === 'true' } }
}

function plainOf(runs: readonly Run[]): string {
  return stripFormatting(runs.map(({ text }) => text).join(''))
}

/** As the click of its part has it: `!!pb list --creator Steve`, `!!pb list --creator prime_backup:pre_restore --all`. */
function creatorOf(runs: readonly Run[]): string | undefined {
  for (const { click } of runs) {
    const named = / list --creator (\S{1,64})(?: --all)?$/.exec(click?.value ?? '')?.[1]
    if (named !== undefined) return named.includes(':') ? named : `player:${named}`
  }
  return undefined
}

/** The tag's own name is in the hover; the text is in the reader's language. */
function tagOf(runs: readonly Run[]): string | undefined {
  for (const { hover } of runs) {
    const name = hover && hover !== 'other' ? textOf(hover) : ''
    if (/^[a-z][a-z0-9_]{0,31}$/.test(name)) return name
  }
  return undefined
}
