/** A terminal with nobody before it: what is shown on it is kept, and a test types. */
import { PassThrough, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { until } from './until.ts'

export const ENTER = '\r'
export const DOWN = '\u001b[B'
export const CTRL_C = '\u0003'

export function startTerminal() {
  const keyboard = new PassThrough()
  const input = Object.assign(keyboard, { isTTY: true, setRawMode: () => keyboard })
  let raw = ''
  /** What was shown before was answered. */
  let answered = 0
  const output = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        raw += String(chunk)
        done()
      },
    }),
    { isTTY: true, columns: 200, rows: 40 },
  )
  return {
    input,
    output,
    /** All of it, without what moves the cursor. */
    shown: () => stripVTControlCharacters(raw),
    /** Waits for a question, and presses these keys. */
    async answer(question: string, ...keys: string[]) {
      await until(`the question "${question}"`, () =>
        stripVTControlCharacters(raw.slice(answered)).includes(question),
      )
      answered = raw.length
      for (const key of keys) input.write(key)
    },
  }
}
