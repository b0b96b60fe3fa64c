/** Python's tracebacks: which exception ended a task, and what it said. */

/** Longer messages are cut: they go into notifications. */
const MAX_MESSAGE_LENGTH = 2000

const HEADER = 'Traceback (most recent call last):'

/** What Python writes between two exceptions of a chain; the last one of the chain is the one that was raised. */
const LINKS = new Set([
  'During handling of the above exception, another exception occurred:',
  'The above exception was the direct cause of the following exception:',
])

/**
 * The last exception of the lines that follow a log record: its class without the module, and `str()` of it, which
 * may have several lines or none. Undefined where the lines hold no exception.
 */
export function readException(text: string): { type: string; message: string } | undefined {
  const lines = text.split('\n').map(line => line.replace(/\r$/, ''))
  const header = lines.findIndex((line, index) => line === HEADER && isLast(lines, index))
  if (header < 0) return undefined
  // Frames are indented; the exception is the first line that is not.
  const at = lines.findIndex((line, index) => index > header && line !== '' && !/^\s/.test(line))
  const match = /^((?:[^\W\d]\w*|<locals>)(?:\.(?:[^\W\d]\w*|<locals>))*)(?:: ?(.*))?$/su.exec(
    lines[at] ?? '',
  )
  if (!match?.[1]) return undefined
  const message = [match[2] ?? '', ...lines.slice(at + 1)].join('\n').trimEnd()
  return { type: match[1].split('.').at(-1) ?? '', message: message.slice(0, MAX_MESSAGE_LENGTH) }
}

/** Whether no exception follows the one that this header begins: a message may itself hold a traceback. */
function isLast(lines: string[], header: number): boolean {
  return !lines.some(
    (line, index) =>
      index > header &&
      LINKS.has(line) &&
      lines[index - 1] === '' &&
      lines[index + 1] === '' &&
      lines[index + 2] === HEADER,
  )
}
