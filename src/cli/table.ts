/** Lists for a terminal: columns by the width that a terminal gives a character, and times as people say them. */
import { formatDuration } from '../duration.ts'

/** Columns two spaces apart; the last one is as long as it likes. Whatever came from outside can't steer the terminal. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map(cells => cells.map(harmless))
  const widths = head.map((_, column) => Math.max(...lines.map(cells => widthOf(cells[column] ?? ''))))
  return lines
    .map(cells => {
      const padded = cells.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
      return padded.join('  ').trimEnd()
    })
    .join('\n')
}

/** One line without control and direction characters. */
export function harmless(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim()
}

/** JSON on one line, in which no terminal finds a control character either. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** East Asian wide and full-width characters, and emoji, take two columns (Unicode's EastAsianWidth.txt). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

export function widthOf(text: string): number {
  let width = 0
  for (const character of text) {
    if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) continue
    width += WIDE.test(character) ? 2 : 1
  }
  return width
}

/** `2026-11-25 08:51:25` where the reader is. */
export function localTime(at: number): string {
  const offsetMs = new Date(at).getTimezoneOffset() * 60_000
  return new Date(at - offsetMs).toISOString().slice(0, 19).replace('T', ' ')
}

/** `3 h 2 min ago`, `in 5 min`, `now`. */
export function relativeTime(at: number, now: number): string {
  const awayMs = at - now
  const wholeMs = Math.round(Math.abs(awayMs) / 1000) * 1000
  if (wholeMs === 0) return 'now'
  return awayMs < 0 ? `${formatDuration(wholeMs)} ago` : `in ${formatDuration(wholeMs)}`
}
