/**
 * Stands where a webhook, a Bark server and ServerChan would, on a free port of loopback, and answers as they do
 * (facts/providers.md section 1).
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../clock.ts'
import { drawPhone, type Notification, plainMarkdown } from './phone.ts'

export type ReceivedNotification = Notification & {
  /** Path of the request, with its query. */
  path: string
  /** The request's own fields. */
  fields: Fields
  /** As a phone would show it. */
  lines: string[]
}

export type DemoReceiver = ReturnType<typeof createReceiver>

type Fields = { [name: string]: unknown }

type Answer = { status: number; body: object }

const MAX_BODY_BYTES = 1024 * 1024

export function createReceiver({ clock }: { clock: Clock }) {
  const callbacks = new Set<(received: ReceivedNotification) => void>()
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return send(response, refusal(405, 'write POST', clock.now()))
    receive(request).then(
      fields => {
        const { answer, notification } = judge(request, fields, clock.now())
        send(response, answer)
        if (!notification) return
        const path = request.url ?? '/'
        const received = { ...notification, path, fields, lines: drawPhone(notification) }
        for (const callback of callbacks) callback(received)
      },
      () => send(response, refusal(400, 'failed to read the request', clock.now())),
    )
    return undefined
  })

  return {
    /** Opens a free port; the answer are URLs to write in a config, one for each provider. */
    async start(): Promise<{ webhook: string; bark: string; serverchan: string }> {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      return { webhook: `${root}/webhook`, bark: `${root}/push`, serverchan: `${root}/SCTDEMO.send` }
    },
    /** Calls back for each notification, until what is returned is called. */
    onNotification(callback: (received: ReceivedNotification) => void): () => void {
      callbacks.add(callback)
      return () => {
        callbacks.delete(callback)
      }
    },
    /** For good; idempotent. */
    async close(): Promise<void> {
      callbacks.clear()
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Rejects on what is no form and no JSON object, or too long. */
async function receive(request: IncomingMessage): Promise<Fields> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new Error('too long')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString('utf8')
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(body))
  const parsed: unknown = JSON.parse(body)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('no object')
  return parsed as Fields
}

/** ServerChan by its path, the webhook by its payload; what is left is Bark. */
function judge(
  request: IncomingMessage,
  fields: Fields,
  now: number,
): { answer: Answer; notification?: Notification } {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  const title = text(fields.title)
  if (pathname.endsWith('.send')) {
    if (title === '') return { answer: { status: 400, body: { code: 40000, message: 'title is empty' } } }
    const data = { pushid: '1', readkey: 'demo', error: 'SUCCESS', errno: 0 }
    const body = plainMarkdown(text(fields.desp))
    return {
      answer: { status: 200, body: { code: 0, message: '', data } },
      notification: { provider: 'serverchan', title, body },
    }
  }
  if ('event' in fields)
    return {
      answer: { status: 200, body: { ok: true } },
      notification: { provider: 'webhook', title, body: text(fields.body) },
    }
  const keys = keysOf(fields.device_keys)
  const key = pathname.replace(/\/+$/, '') === '/push' ? text(fields.device_key) : pathname.slice(1)
  if (key === '' && keys.length === 0) return { answer: refusal(400, 'device key is empty', now) }
  const body = fields.markdown === undefined ? text(fields.body) : plainMarkdown(text(fields.markdown))
  const level = text(fields.level)
  const data = keys.map(device_key => ({ code: 200, device_key }))
  return {
    answer: {
      status: 200,
      body: { code: 200, message: 'success', ...(keys.length > 0 && { data }), timestamp: seconds(now) },
    },
    notification: {
      provider: 'bark',
      title,
      body,
      ...(fields.subtitle !== undefined && { subtitle: text(fields.subtitle) }),
      ...(level !== '' && { level }),
    },
  }
}

function keysOf(value: unknown): string[] {
  const keys = Array.isArray(value) ? value.map(text) : text(value).split(',')
  return keys.filter(key => key !== '')
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function refusal(status: number, message: string, now: number): Answer {
  return { status, body: { code: status, message, timestamp: seconds(now) } }
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000)
}

function send(response: ServerResponse, { status, body }: Answer) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}
