/** A notification as a phone would show it, drawn for a terminal. */

export type Notification = {
  provider: 'webhook' | 'bark' | 'serverchan'
  title: string
  subtitle?: string
  /** Lines as they are read, Markdown taken away. */
  body: string
  /** Bark's word for how loud it is. */
  level?: string
}

const APPS: { [Provider in Notification['provider']]: string } = {
  webhook: 'Webhook',
  bark: 'Bark',
  serverchan: 'WeChat · Server酱',
}

const WIDTH = 58

/** Lines of one width, in columns: wide characters count as two. */
export function drawPhone(notification: Notification, width = WIDTH): string[] {
  const inner = width - 4
  const { provider, title, subtitle, body, level } = notification
  const loudness = level === undefined ? '' : level
  const app = APPS[provider]
  const gap = Math.max(1, inner - columns(app) - columns(loudness))
  const lines = [
    `${app}${' '.repeat(gap)}${loudness}`,
    ...wrap(title, inner),
    ...(subtitle ? wrap(subtitle, inner) : []),
    ...body.split('\n').flatMap(line => (line === '' ? [] : wrap(line, inner, '  '))),
  ]
  return [
    `┌${'─'.repeat(width - 2)}┐`,
    ...lines.map(line => `│ ${line}${' '.repeat(Math.max(0, inner - columns(line)))} │`),
    `└${'─'.repeat(width - 2)}┘`,
  ]
}

/** The Markdown of notifications, read: bold and list marks, escapes, empty lines between lines. */
export function plainMarkdown(markdown: string): string {
  return markdown
    .replace(/\n{2,}/g, '\n')
    .replace(/^(\s*)[-*] /gm, '$1· ')
    .replace(/(?<!\\)\*\*/g, '')
    .replace(/\\([\p{P}\p{S}])/gu, '$1')
}

/** Columns that a terminal takes for a text. */
export function columns(text: string): number {
  return [...text].reduce((sum, character) => sum + columnsOf(character), 0)
}

function columnsOf(character: string): number {
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** East Asian wide and fullwidth characters, and emoji that stand as pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

/** Breaks at spaces where there are any, else anywhere; what could move the cursor is shown as a blank. */
function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const character of text.replace(/[\p{Cc}\u2028\u2029]/gu, ' ')) {
    if (columns(line) + columnsOf(character) > width) {
      const space = line.trimStart() === '' ? -1 : line.lastIndexOf(' ')
      const cut = space > indent.length && columns(line.slice(space)) < width / 2 ? space : line.length
      lines.push(line.slice(0, cut))
      line = indent + line.slice(cut).trimStart()
    }
    line += character
  }
  return [...lines, line]
}
