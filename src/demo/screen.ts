/** The terminal of the demo: lines, and a prompt that stays below them. */
import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline'
import { styleText } from 'node:util'

export type Screen = {
  print(text: string, style?: 'cyan' | 'green' | 'gray' | 'bold'): void
  /** Reads lines until `until` resolves; without a terminal there is nobody to type, and it just waits. */
  prompt(text: string, onLine: (line: string) => void, until: Promise<unknown>): Promise<void>
}

export function createScreen(): Screen {
  let input: Interface | undefined

  return {
    print: (text, style) => {
      if (input) {
        clearLine(process.stdout, 0)
        cursorTo(process.stdout, 0)
      }
      process.stdout.write(`${style ? styleText(style, text) : text}\n`)
      input?.prompt(true)
    },
    prompt: async (text, onLine, until) => {
      if (!process.stdin.isTTY) {
        await until
        return
      }
      const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: text })
      input = lines
      // Ctrl-C at a prompt comes here instead of as a signal.
      const closed = new Promise<void>(resolve => {
        lines.on('close', resolve)
        lines.on('SIGINT', resolve)
      })
      lines.on('line', line => {
        onLine(line.trim())
        lines.prompt()
      })
      lines.prompt()
      await Promise.race([until, closed])
      input = undefined
      lines.close()
      process.stdout.write('\n')
    },
  }
}
