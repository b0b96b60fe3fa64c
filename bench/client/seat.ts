/**
 * The child's side of a measurement: it joins with its client, and counts what it sees until it has seen what it was
 * told to wait for. What it saw becomes text only after that, so that the check costs nobody anything.
 */

/** What a child is asked over its channel, and what it answers. */
export type Ask = { type: 'watch'; count: number } | { type: 'measure' } | { type: 'lines' }
export type Answer =
  | { type: 'joined'; usage: Usage }
  | { type: 'ready' }
  | { type: 'seen'; usage: Usage; seconds: number }
  | { type: 'measured'; usage: Usage }
  /** The lines that each client saw since it was last asked. */
  | { type: 'lines'; lines: string[][] }

/** CPU of the whole process (since it was started, or since `ready`), and its memory now. */
export type Usage = { cpuMs: number; rssMB: number }

export type Client<Line> = {
  /** Resolves when `count` clients are in play; `onSeen` is told of each line, or how many frames were counted. */
  join(options: { port: number; count: number }, onSeen: (client: number, line: Line) => void): Promise<void>
  textOf(line: Line): string
  /** How many of what was waited for one line stands for. */
  weight?(line: Line): number
}

export async function takeSeat<Line>(client: Client<Line>): Promise<void> {
  const [port = 0, count = 1] = process.argv.slice(2).map(Number)
  let seen: Line[][] = Array.from({ length: count }, () => [])
  let left = 0
  let startedAt = 0
  let before: NodeJS.CpuUsage | undefined

  const usage = (since?: NodeJS.CpuUsage): Usage => {
    const { user, system } = process.cpuUsage(since)
    return { cpuMs: (user + system) / 1000, rssMB: process.memoryUsage.rss() / 1e6 }
  }
  const answer = (message: Answer) => process.send?.(message)

  process.on('message', (ask: Ask) => {
    switch (ask.type) {
      case 'watch':
        left = ask.count * (client.weight ? 1 : count)
        answer({ type: 'ready' })
        startedAt = performance.now()
        before = process.cpuUsage()
        return
      case 'measure':
        return answer({ type: 'measured', usage: usage() })
      case 'lines':
        answer({ type: 'lines', lines: seen.map(lines => lines.map(client.textOf)) })
        seen = seen.map(() => [])
        return
      default:
        return ask satisfies never
    }
  })
  process.on('disconnect', () => process.exit())

  await client.join({ port, count }, (index, line) => {
    if (!client.weight) seen[index]?.push(line)
    if (left <= 0) return
    left -= client.weight?.(line) ?? 1
    if (left <= 0)
      answer({ type: 'seen', usage: usage(before), seconds: (performance.now() - startedAt) / 1000 })
  })
  answer({ type: 'joined', usage: usage() })
}
