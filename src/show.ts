/** Asks Prime Backup itself, through the bot, what it knows of a backup: `!!pb show <id>`. The answer is the bot's alone. */
import type { Clock } from './clock.ts'
import type { BackupFacts, LifecycleEvent } from './event.ts'
import { behindPrefix } from './observe.ts'
import { readShowHeader, readShowLine } from './primebackup/show.ts'
import type { ChatMessage } from './source/chat.ts'

/** An event waits for its answer no longer than this. */
export const SHOW_PATIENCE_MS = 3_000
/** After its last line an answer is whole. */
const QUIET_MS = 300

export type Show = {
  /** Asks for the backup of an event, and answers with the event that tells more. False where nobody can ask. */
  ask(event: LifecycleEvent, answer: (event: LifecycleEvent) => void): boolean
  hear(message: ChatMessage): void
  stop(): void
}

export function createShow(deps: {
  clock: Clock
  prefix: string
  /** Types a line as the bot; false while it is not in play. */
  type(text: string): boolean
}): Show {
  const { clock } = deps
  let asked:
    | {
        event: LifecycleEvent
        answer(event: LifecycleEvent): void
        facts: BackupFacts | undefined
        cancel(): void
      }
    | undefined

  function finish() {
    const ended = asked
    asked = undefined
    ended?.cancel()
    if (ended) ended.answer(ended.facts ? withShown(ended.event, ended.facts) : ended.event)
  }

  return {
    ask: (event, answer) => {
      const id = event.backup?.id
      if (id === undefined || asked) return false
      if (!deps.type(`${deps.prefix} show ${id}`)) return false
      asked = { event, answer, facts: undefined, cancel: clock.after(SHOW_PATIENCE_MS, finish) }
      return true
    },
    hear: ({ kind, component }) => {
      if (!asked || kind !== 'system') return
      const runs = behindPrefix(component)
      if (!runs) return
      const id = readShowHeader(runs)
      if (id !== undefined) {
        if (id === asked.event.backup?.id) asked.facts = {}
        return
      }
      if (!asked.facts) return
      const { tags, ...facts } = readShowLine(runs)
      Object.assign(asked.facts, facts, tags && { tags: { ...asked.facts.tags, ...tags } })
      asked.cancel()
      asked.cancel = clock.after(QUIET_MS, finish)
    },
    stop: () => {
      asked?.cancel()
      asked = undefined
    },
  }
}

/** What the lines of the task itself carried stays; sizes of the answer are rounded texts. */
function withShown(event: LifecycleEvent, facts: BackupFacts): LifecycleEvent {
  const known = Array.isArray(event.extra?.approximate) ? event.extra.approximate : []
  const rounded = [
    ...(facts.rawBytes !== undefined ? ['raw_size'] : []),
    ...(facts.storedBytes !== undefined ? ['stored_size'] : []),
  ]
  const approximate = [...new Set([...known, ...rounded])]
  return {
    ...event,
    backup: { ...facts, ...event.backup },
    ...((event.extra || approximate.length > 0) && {
      extra: { ...event.extra, ...(approximate.length > 0 && { approximate }) },
    }),
  }
}
