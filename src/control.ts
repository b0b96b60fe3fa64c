/**
 * The control socket: how the command line reaches the bridge that owns a folder. One connection carries one line of
 * JSON each way. A Unix socket that its owner alone may open; on Windows a named pipe.
 */
import { createHash } from 'node:crypto'
import { lstatSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

export const SOCKET_FILE = 'control.sock'

/** The system's limit is 104 to 108 bytes, its closing NUL among them. */
const LONGEST_PATH = 100
const LONGEST_REQUEST = 16 * 1024
const LONGEST_ANSWER = 1024 * 1024
/** For the request to come whole. */
const REQUEST_MS = 5_000
const ANSWER_MS = 30_000
const MOST_CONNECTIONS = 16

/** Where the bridge of a folder listens. */
export function controlAddress(dir: string, platform: NodeJS.Platform = process.platform): string {
  const digest = createHash('sha256').update(resolve(dir)).digest('hex').slice(0, 24)
  if (platform === 'win32') return `\\\\.\\pipe\\prime-backup-bridge-${digest}`
  const path = join(resolve(dir), SOCKET_FILE)
  return Buffer.byteLength(path) <= LONGEST_PATH ? path : join(tmpdir(), `prime-backup-bridge-${digest}.sock`)
}

export type Control = {
  /** Ends every connection. Idempotent. */
  stop(): Promise<void>
}

/** Only the folder's owner may call it. Where it can't listen it says so; the bridge runs all the same. */
export function startControl(
  dir: string,
  deps: { clock: Clock; log: Log; answer(request: unknown): Promise<unknown> },
): Control {
  const { clock, log, answer } = deps
  const address = controlAddress(dir)
  const sockets = new Set<Socket>()

  async function answerLine(line: string): Promise<object> {
    let request: unknown
    try {
      request = JSON.parse(line)
    } catch {
      return { error: 'the request is not one line of JSON' }
    }
    try {
      return { answer: await answer(request) }
    } catch (error) {
      log.warn({}, `a request on the control socket failed: ${messageOf(error)}`)
      return { error: messageOf(error) }
    }
  }

  const server = createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    let cancel = () => {}
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      cancel()
      sockets.delete(socket)
    })
    const reply = (message: object) => {
      cancel()
      // Whoever does not read the answer must not hold the connection.
      cancel = clock.after(REQUEST_MS, () => socket.destroy())
      if (!socket.destroyed) socket.end(`${JSON.stringify(message)}\n`)
    }
    cancel = clock.after(REQUEST_MS, () => reply({ error: 'no request came in time' }))
    readLine(socket, LONGEST_REQUEST, line => {
      cancel()
      if (line === undefined) reply({ error: 'the request is too long, or has no end' })
      else void answerLine(line).then(reply)
    })
  })
  server.maxConnections = MOST_CONNECTIONS
  server.on('error', error => {
    log.warn(
      { address },
      `the command line can't reach this bridge (${error.message}): to change deliveries, stop it first`,
    )
  })

  removeSocket(address)
  const before = process.umask(0o177)
  server.listen(address)
  process.umask(before)

  return {
    stop: () =>
      new Promise(done => {
        for (const socket of sockets) socket.destroy()
        server.close(() => done())
      }),
  }
}

/** What a bridge that was killed left behind: the folder has no other owner. */
function removeSocket(address: string): void {
  try {
    if (lstatSync(address).isSocket()) rmSync(address)
  } catch {}
}

export type Asked =
  | { status: 'answered'; answer: unknown }
  /** Nobody listens. */
  | { status: 'absent' }
  /** Somebody does, and does not answer as a bridge does. */
  | { status: 'failed'; reason: string }

/** Asks the bridge that owns the folder. */
export function askControl(
  dir: string,
  request: unknown,
  { clock, timeoutMs = ANSWER_MS }: { clock: Clock; timeoutMs?: number },
): Promise<Asked> {
  const address = controlAddress(dir)
  if (!isOfOwner(address, dir))
    return Promise.resolve({ status: 'failed', reason: `${address} belongs to another user` })
  return new Promise(settle => {
    const socket = connect(address)
    const cancel = clock.after(timeoutMs, () =>
      done({ status: 'failed', reason: `no answer in ${timeoutMs / 1000} s` }),
    )
    function done(asked: Asked) {
      cancel()
      socket.destroy()
      settle(asked)
    }
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(error.code ?? '')) done({ status: 'absent' })
      else if (error.code === 'EACCES')
        done({ status: 'failed', reason: `${address} may not be opened; run this as the user of the bridge` })
      else done({ status: 'failed', reason: error.message })
    })
    readLine(socket, LONGEST_ANSWER, line => done(readAnswer(line)))
    socket.write(`${JSON.stringify(request)}\n`)
  })
}

function readAnswer(line: string | undefined): Asked {
  try {
    const { answer, error } = JSON.parse(line ?? '') as { answer?: unknown; error?: unknown }
    if (error !== undefined) return { status: 'failed', reason: String(error) }
    return { status: 'answered', answer }
  } catch {
    return { status: 'failed', reason: 'the connection ended without an answer' }
  }
}

/** In a folder that all may write to, anybody may have made the socket. */
function isOfOwner(address: string, dir: string): boolean {
  if (!address.startsWith(tmpdir())) return true
  try {
    return lstatSync(address).uid === statSync(dir).uid
  } catch {
    return true
  }
}

/** Calls `take` once: with the first line, or with undefined where it is too long or the stream ends before. */
function readLine(socket: Socket, longest: number, take: (line: string | undefined) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  let taken = false
  function end(line: string | undefined) {
    if (taken) return
    taken = true
    socket.removeListener('data', read)
    socket.resume()
    take(line)
  }
  function read(chunk: Buffer) {
    const stop = chunk.indexOf(0x0a)
    chunks.push(stop === -1 ? chunk : chunk.subarray(0, stop))
    length += chunk.length
    if (stop !== -1 && length <= longest) end(Buffer.concat(chunks).toString())
    else if (length > longest) end(undefined)
  }
  socket.on('data', read)
  socket.on('end', () => end(undefined))
  socket.on('close', () => end(undefined))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
