/** Questions on a terminal. */
import type { Readable, Writable } from 'node:stream'
import { isCancel, password, select, text } from '@clack/prompts'

/** Somebody pressed Ctrl-C, or Escape. */
export class Cancelled extends Error {
  override name = 'Cancelled'
}

/** Says what is wrong with an answer, or nothing. */
export type Check = (answer: string) => string | undefined

export type Ask = {
  choose<Value extends string>(
    question: string,
    options: { value: Value; label: string; hint?: string }[],
  ): Promise<Value>
  /** Trimmed; may be empty where the check lets it be. */
  line(question: string, check: Check): Promise<string>
  /** As `line`, but what is typed is not shown. */
  secret(question: string, check: Check): Promise<string>
}

/** A terminal that does not tell how wide it is. */
const WIDTH = 80

/** Each question throws Cancelled. */
export function createAsk(streams: { input?: Readable; output?: Writable } = {}): Ask {
  const output: Writable & { columns?: number } = streams.output ?? process.stdout
  if (output.columns === 0) output.columns = WIDTH
  const checked = (check: Check) => ({
    validate: (answer: string | undefined) => check((answer ?? '').trim()),
  })
  return {
    choose: async (message, options) => {
      const chosen = await select<string>({ ...streams, message, options, showInstructions: false })
      const option = options.find(({ value }) => value === chosen)
      if (isCancel(chosen) || !option) throw new Cancelled()
      return option.value
    },
    line: async (message, check) => answered(await text({ ...streams, message, ...checked(check) })),
    secret: async (message, check) => answered(await password({ ...streams, message, ...checked(check) })),
  }
}

function answered(answer: string | symbol | undefined): string {
  if (isCancel(answer)) throw new Cancelled()
  return String(answer ?? '').trim()
}
