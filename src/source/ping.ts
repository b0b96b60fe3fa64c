/**
 * A server list ping: is the server there, and which version does it speak? Our own, since the protocol library's
 * lets an odd answer throw where nobody can catch it.
 */
import { connect } from 'node:net'
import type { Clock } from '../clock.ts'
import { messageOf } from './disconnect.ts'
import { encodeVarint, readVarint } from './varint.ts'

export type ServerStatus = {
  versionName: string
  protocol: number
  /** Players online, as the server tells. */
  online?: number
  /** Names of some who are there, where the server tells any. */
  players?: string[]
}

/** Vanilla's limit of the answer is 32,767 characters; favicons make it large. */
const MAX_ANSWER_BYTES = 262_144

/** Rejects with an Error of one line: refused, timed out, or no answer of a Minecraft server. */
export function ping(
  target: { host: string; port: number },
  options: { timeoutMs: number; clock: Clock; signal?: AbortSignal },
): Promise<ServerStatus> {
  const { promise, resolve, reject } = Promise.withResolvers<ServerStatus>()
  const socket = connect({ ...target, noDelay: true })
  let received = Buffer.alloc(0)
  const cancel = options.clock.after(options.timeoutMs, () =>
    end(new Error(`no answer to a status ping within ${options.timeoutMs / 1000} s`)),
  )
  const abort = () => end(new Error('stopped'))
  options.signal?.addEventListener('abort', abort, { once: true })
  if (options.signal?.aborted) abort()

  function end(result: Error | ServerStatus) {
    cancel()
    options.signal?.removeEventListener('abort', abort)
    socket.destroy()
    if (result instanceof Error) reject(result)
    else resolve(result)
  }

  socket.on('connect', () => socket.write(statusRequest(target)))
  socket.on('error', error => end(new Error(messageOf(error), { cause: error })))
  socket.on('close', () => end(new Error('the connection closed before the server answered the status ping')))
  socket.on('data', chunk => {
    received = Buffer.concat([received, chunk])
    if (received.length > MAX_ANSWER_BYTES) return end(notMinecraft())
    const answer = readAnswer(received)
    if (answer) end(answer)
  })
  return promise
}

function statusRequest({ host, port }: { host: string; port: number }): Buffer {
  const name = Buffer.from(host, 'utf8')
  const portBytes = Buffer.alloc(2)
  portBytes.writeUInt16BE(port)
  // Protocol -1 asks for the server's own version (wiki: Server List Ping).
  const handshake = Buffer.concat([
    encodeVarint(0),
    encodeVarint(-1),
    encodeVarint(name.length),
    name,
    portBytes,
    encodeVarint(1),
  ])
  return Buffer.concat([encodeVarint(handshake.length), handshake, encodeVarint(1), encodeVarint(0)])
}

function readAnswer(bytes: Buffer): ServerStatus | Error | undefined {
  const frame = readVarint(bytes, 0, 3)
  if (frame.size < 0) return notMinecraft()
  if (frame.size === 0 || bytes.length < frame.size + frame.value) return undefined
  const id = readVarint(bytes, frame.size, 5)
  const length = readVarint(bytes, frame.size + id.size, 3)
  if (id.size <= 0 || id.value !== 0 || length.size <= 0) return notMinecraft()
  const start = frame.size + id.size + length.size
  try {
    const { version, players } = JSON.parse(bytes.toString('utf8', start, start + length.value)) as {
      version?: { name?: unknown; protocol?: unknown }
      players?: { online?: unknown; sample?: unknown }
    }
    if (typeof version?.protocol !== 'number') return notMinecraft()
    const online = players?.online
    const names = namesOf(players?.sample)
    return {
      versionName: String(version.name ?? ''),
      protocol: version.protocol,
      ...(typeof online === 'number' && { online }),
      ...(names.length > 0 && { players: names }),
    }
  } catch {
    return notMinecraft()
  }
}

function namesOf(sample: unknown): string[] {
  if (!Array.isArray(sample)) return []
  const names = sample.map((player: { name?: unknown } | null) => player?.name)
  return names.filter(name => typeof name === 'string')
}

function notMinecraft(): Error {
  return new Error('what answers there is no Minecraft server: its status is unreadable')
}
