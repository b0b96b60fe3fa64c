/** A real HTTP server on a free port of loopback that keeps what it is sent and answers as it is told, well or badly. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'

export type Received = {
  method: string
  /** With the query. */
  path: string
  headers: IncomingMessage['headers']
  body: string
}

/** Answers one request; what it leaves open is cut when the receiver stops. */
export type Reply = (response: ServerResponse, request: Received) => void

export type Receiver = {
  /** `http://127.0.0.1:12345`, without a slash. */
  url: string
  requests: Received[]
  /** How the next requests are answered. */
  reply: Reply
  /** Resolves with the request of this number, from 1, now or when it comes. */
  request(number: number): Promise<Received>
  /** Connections that are open now. */
  connections(): Promise<number>
  stop(): Promise<void>
}

export async function startReceiver(reply: Reply = answer(200)): Promise<Receiver> {
  const requests: Received[] = []
  let waiters: (() => void)[] = []
  const server = createServer((message, response) => {
    void text(message).then(
      body => {
        const { method = '', url: path = '', headers } = message
        const request = { method, path, headers, body }
        requests.push(request)
        receiver.reply(response, request)
        for (const wake of waiters.splice(0)) wake()
      },
      () => {},
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    reply,
    async request(number) {
      for (;;) {
        const request = requests[number - 1]
        if (request) return request
        await new Promise<void>(resolve => {
          waiters.push(resolve)
        })
      }
    },
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
      }),
    async stop() {
      waiters = []
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return receiver
}

/** One answer, whole and at once; an object as JSON. */
export function answer(
  status: number,
  body: string | object = '',
  headers: Record<string, string> = {},
): Reply {
  return response => {
    const type = typeof body === 'string' ? 'text/plain' : 'application/json'
    response.writeHead(status, { 'content-type': type, ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

/** Takes the request and says nothing. */
export const hang: Reply = () => {}

/** Cuts the connection instead of an answer. */
export const reset: Reply = response => {
  response.socket?.resetAndDestroy()
}

/** Promises a long answer, and sends its beginning only. */
export const stall: Reply = response => {
  response.writeHead(200, { 'content-length': String(10 * 1024 ** 3) })
  response.write('{')
}

/** One byte now and then, for ever. */
export const drip: Reply = response => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => response.write(' '), 5)
  response.on('close', () => clearInterval(timer))
}

/** An answer of so many bytes, `beginning` first. */
export function flood(bytes: number, beginning = ''): Reply {
  return response => {
    const block = Buffer.alloc(64 * 1024, ' ')
    let left = bytes
    response.on('error', () => {})
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(beginning)
    function more() {
      while (left > 0) {
        left -= block.length
        if (!response.write(block)) return response.once('drain', more)
      }
      return response.end()
    }
    more()
  }
}

/** Bytes that are no HTTP. */
export const garbage: Reply = response => {
  response.socket?.end('\u0000\u0001SSH-2.0-OpenSSH\r\n\r\n')
}

/** A web page, as a wrong URL or a captive portal gives it. */
export const page: Reply = answer(200, '<!doctype html><title>Welcome</title>', {
  'content-type': 'text/html',
})

/** A JSON answer, compressed although nobody asked for it. */
export function compressed(body: object): Reply {
  return response => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    response.end(gzipSync(JSON.stringify(body)))
  }
}
