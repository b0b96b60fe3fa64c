/** Whether anything can see what Prime Backup does on one server; told when nothing has for long, and when it is over. */
import type { Clock } from './clock.ts'
import type { NoticeCode } from './notices.ts'

/** So long the bot may be kept out before people hear of it (issue 6). */
const BLIND_MS = 5 * 60_000
/** A large modpack takes minutes from its process to its port. */
const SILENT_MS = 30 * 60_000

/** What is known of a server at a moment. */
export type View = {
  /** The bot is in play. */
  plays: boolean
  /** The last ping; null when none was made. */
  answers: boolean | null
  logReadable: boolean
  /** The log's last word of the server's process. */
  processRuns: boolean | null
}

type Trouble = 'blind' | 'mcdr_silent'

export type Sight = {
  /** Something may have changed. */
  look(): void
  stop(): void
}

export function createSight(
  view: () => View,
  { clock, raise }: { clock: Clock; raise(code: NoticeCode): void },
): Sight {
  let waiting: { trouble: Trouble; cancel(): void } | undefined
  let told: Trouble | undefined
  let stopped = false

  function stopWaiting() {
    waiting?.cancel()
    waiting = undefined
  }

  return {
    look: () => {
      if (stopped) return
      const now = view()
      const trouble = troubleOf(now)
      if (waiting?.trouble !== trouble) stopWaiting()
      if (trouble === undefined) {
        if (told && sees(now)) raise('sees_again')
        if (sees(now)) told = undefined
      } else if (!waiting && told !== trouble) {
        const cancel = clock.after(trouble === 'blind' ? BLIND_MS : SILENT_MS, () => {
          waiting = undefined
          told = trouble
          raise(trouble)
        })
        waiting = { trouble, cancel }
      }
    },
    stop: () => {
      stopped = true
      stopWaiting()
    },
  }
}

/** A server that is down is neither seen nor a trouble. */
function sees({ plays, logReadable, processRuns }: View): boolean {
  return plays || (logReadable && processRuns !== false)
}

/** A server that does not answer has nothing to show, unless its log says that it runs. */
function troubleOf({ plays, answers, logReadable, processRuns }: View): Trouble | undefined {
  if (plays) return undefined
  if (answers === true && !logReadable) return 'blind'
  return answers === false && logReadable && processRuns === true ? 'mcdr_silent' : undefined
}
