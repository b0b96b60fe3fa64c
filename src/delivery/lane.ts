/** The way to one endpoint: a few deliveries at a time, a bounded number waiting. */

/** `run` never rejects. `group`: jobs of one group begin in the order in which they came. */
export type Job = {
  group: string
  /** May be dropped first when too many wait. */
  minor: boolean
  /** Calls `begun` when the next job of its group may begin. */
  run(begun: () => void): Promise<void>
  /** Called instead of `run`. */
  drop(): void
}

export type Lane = {
  push(job: Job): void
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>
  /** Drops what waits. */
  clear(): void
}

export function createLane({ width, longest }: { width: number; longest: number }): Lane {
  const waiting: Job[] = []
  const openGroups = new Map<string, Job>()
  let running = 0
  let idlers: (() => void)[] = []

  function advance() {
    while (running < width) {
      const index = waiting.findIndex(job => !openGroups.has(job.group))
      const job = waiting[index]
      if (!job) break
      waiting.splice(index, 1)
      start(job)
    }
    if (running > 0 || waiting.length > 0) return
    for (const resolve of idlers) resolve()
    idlers = []
  }

  function start(job: Job) {
    running++
    openGroups.set(job.group, job)
    const begun = () => {
      if (openGroups.get(job.group) !== job) return
      openGroups.delete(job.group)
      advance()
    }
    job.run(begun).finally(() => {
      running--
      begun()
      advance()
    })
  }

  return {
    push(job) {
      waiting.push(job)
      advance()
      if (waiting.length <= longest) return
      const minor = waiting.findIndex(({ minor }) => minor)
      waiting.splice(Math.max(0, minor), 1)[0]?.drop()
    },
    idle: () =>
      new Promise(resolve => {
        idlers.push(resolve)
        advance()
      }),
    clear() {
      for (const job of waiting.splice(0)) job.drop()
      advance()
    },
  }
}
