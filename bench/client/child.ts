/** The parent's side of a measurement: one process with one or many clients in it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { BASELINES, OUR_FLAGS } from './build.ts'
import type { Answer, Ask, Usage } from './seat.ts'

export type Child = {
  /** CPU since its start, and memory, when all were in play. */
  joined: Usage
  /** Tells it to wait for `count`; `done` resolves when it has seen so many. */
  watch(count: number): Promise<{ done: Promise<Usage & { seconds: number }> }>
  measure(): Promise<Usage>
  /** What each client saw since the last time. */
  lines(): Promise<string[][]>
  stop(): Promise<void>
}

/** Those run as the bridge is started. */
const OURS = /\b(ours|bridge)\.js$/

/** Longer than anything here takes; what hangs must not hang the bench. */
const PATIENCE_MS = 60_000

export async function startChild(script: string, ...args: (string | number)[]): Promise<Child> {
  const child = fork(script, args.map(String), {
    env: { ...process.env, BENCH_BASELINES: BASELINES },
    execArgv: OURS.test(script) ? OUR_FLAGS : [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ask = (message: Ask) => child.send(message)
  const { usage } = await answerOf(child, 'joined')
  return {
    joined: usage,
    watch: async lines => {
      const done = answerOf(child, 'seen').then(({ usage, seconds }) => ({ ...usage, seconds }))
      // Awaited by the caller only after it has sent what is waited for.
      done.catch(() => {})
      const ready = answerOf(child, 'ready')
      ask({ type: 'watch', count: lines })
      await ready
      return { done }
    },
    measure: async () => {
      const measured = answerOf(child, 'measured')
      ask({ type: 'measure' })
      return (await measured).usage
    },
    lines: async () => {
      const lines = answerOf(child, 'lines')
      ask({ type: 'lines' })
      return (await lines).lines
    },
    stop: async () => {
      if (child.exitCode !== null) return
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

export const scriptIn = (folder: string, kind: string): string => join(folder, `${kind}.js`)

function answerOf<Type extends Answer['type']>(
  child: ChildProcess,
  type: Type,
): Promise<Extract<Answer, { type: Type }>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => end(new Error(`no "${type}" of ${child.spawnargs[1]} within 60 s`)),
      PATIENCE_MS,
    )
    const onExit = (code: number | null) => end(new Error(`${child.spawnargs[1]} ended with ${code}`))
    const onMessage = (answer: Answer) => {
      if (answer.type === type) end(answer as Extract<Answer, { type: Type }>)
    }
    child.on('exit', onExit)
    child.on('message', onMessage)
    function end(result: Error | Extract<Answer, { type: Type }>) {
      clearTimeout(timer)
      child.off('exit', onExit)
      child.off('message', onMessage)
      if (result instanceof Error) reject(result)
      else resolve(result)
    }
  })
}
