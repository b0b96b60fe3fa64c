/** Text that came from outside, made fit to stand in one line of a notification. */

/** Without `§x` colour codes, control and direction characters and line breaks; well-formed and trimmed. */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .replace(/§.?/gsu, '')
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
}

/** At most `longest` UTF-16 units, cut between characters; what was cut ends in `…`. */
export function clip(text: string, longest: number): string {
  if (text.length <= longest) return text
  if (longest < 1) return ''
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

/** At most `longest` bytes of UTF-8, cut between characters; what was cut ends in `…`. */
export function clipBytes(text: string, longest: number): string {
  if (Buffer.byteLength(text) <= longest) return text
  const room = longest - Buffer.byteLength('…')
  if (room < 0) return ''
  const bytes = Buffer.from(text)
  let end = room
  // A byte 10xxxxxx continues a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return `${bytes.subarray(0, end).toString()}…`
}

/** `1.83 MiB`, as Prime Backup rounds. */
export function formatBytes(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  if (bytes < 1024) return `${bytes} B`
  let size = bytes / 1024
  let index = 0
  while (size >= 1024 && index < units.length - 1) {
    size /= 1024
    index++
  }
  return `${size.toFixed(2)} ${units[index]}`
}
