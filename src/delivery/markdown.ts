/** A zero-width space: breaks what services turn into links and mentions, and is not seen. */
const BREAK = '\u200b'

/**
 * One line of foreign text inside Markdown: shown as it is written, and never a link, an image, HTML, a mention, a
 * heading or code. Bare links and mentions know no escape, so they are broken by a zero-width space.
 */
export function escapeMarkdown(line: string): string {
  return line
    .replace(/:\/\//g, `:${BREAK}//`)
    .replace(/(www(?=\.)|(?:mailto|xmpp)(?=:))/gi, `$1${BREAK}`)
    .replace(/@/g, `@${BREAK}`)
    .replace(/[\\`*_{}[\]()<>#!|~&$^=]/g, '\\$&')
}
