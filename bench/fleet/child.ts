/** A process that is asked things over its channel. The script's side is `serve`, the parent's `startChild`. */
import { fork } from 'node:child_process'
import { once } from 'node:events'

/** What a child can be asked, by name; arguments and answers are what JSON can hold. */
export type Answers = { [name: string]: (argument: never) => unknown }

type Asked = { number: number; name: string; argument: unknown }
type Answered = { number: number; result?: unknown; error?: string }

export type Child<A extends Answers> = {
  /** Rejects with what the child threw, when it ends, or after `patienceMs`. */
  ask<Name extends keyof A & string>(
    name: Name,
    argument: Parameters<A[Name]>[0],
    patienceMs?: number,
  ): Promise<Awaited<ReturnType<A[Name]>>>
  /** Ends it, whatever it does. */
  stop(): Promise<void>
}

/** What hangs must not hang whoever waits for it. */
const PATIENCE_MS = 60_000

/** Answers the parent until it is gone. */
export function serve(answers: Answers): void {
  process.on('message', async ({ number, name, argument }: Asked) => {
    const reply: Answered = { number }
    try {
      const answer = answers[name] as ((argument: unknown) => unknown) | undefined
      if (!answer) throw new Error(`nothing here answers to "${name}"`)
      reply.result = await answer(argument)
    } catch (error) {
      reply.error = error instanceof Error ? (error.stack ?? error.message) : String(error)
    }
    process.send?.(reply)
  })
  process.on('disconnect', () => process.exit())
}

export function startChild<A extends Answers>(script: string, execArgv: string[] = []): Child<A> {
  const child = fork(script, [], { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const waiting = new Map<number, (answer: Answered) => void>()
  let number = 0
  let ending: string | undefined
  child.on('message', (answer: Answered) => waiting.get(answer.number)?.(answer))
  child.on('exit', (code, signal) => {
    ending = `${script} ended with ${code ?? signal}`
    for (const [number, settle] of waiting) settle({ number, error: ending })
  })
  return {
    ask: (name, argument, patienceMs = PATIENCE_MS) =>
      new Promise((resolve, reject) => {
        if (ending !== undefined) return reject(new Error(ending))
        const own = number++
        const error = `"${name}" was not answered within ${patienceMs / 1000} s by ${script}`
        const timer = setTimeout(() => settle({ number: own, error }), patienceMs)
        function settle(answer: Answered) {
          clearTimeout(timer)
          waiting.delete(own)
          if (answer.error !== undefined) reject(new Error(answer.error))
          else resolve(answer.result as never)
        }
        waiting.set(own, settle)
        child.send({ number: own, name, argument } satisfies Asked)
      }),
    stop: async () => {
      if (ending !== undefined) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
