/** A process of its own, and what it wrote. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { CLI } from './cli.ts'

export type Running = {
  child: ChildProcess
  stdout(): string
  stderr(): string
  /** Its exit code; null where a signal ended it. */
  ended: Promise<number | null>
}

export type Done = { code: number | null; stdout: string; stderr: string }

/** Longer than this no process of a test runs. */
const LONGEST_MS = 60_000

export function startProcess(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
  const child = spawn(command, args, {
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, stdout: () => stdout, stderr: () => stderr, ended }
}

export type CliOptions = { env?: NodeJS.ProcessEnv; cwd?: string; node?: readonly string[] }

/** The command line, with nothing in its environment but what the test says. */
export function startCli(args: readonly string[], { env = {}, cwd, node = [] }: CliOptions = {}): Running {
  return startProcess(process.execPath, [...node, CLI, ...args], {
    ...(cwd !== undefined && { cwd }),
    env: { PATH: process.env.PATH, ...env },
  })
}

export async function callCli(args: readonly string[], options?: CliOptions): Promise<Done> {
  return doneOf(startCli(args, options))
}

export async function doneOf(running: Running): Promise<Done> {
  const code = await running.ended
  return { code, stdout: running.stdout(), stderr: running.stderr() }
}
