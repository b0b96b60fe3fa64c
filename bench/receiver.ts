/**
 * A worker thread with HTTP servers that take everything, so that their work is not that of who is measured. Several,
 * because the bridge opens only a few connections to one of them.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const ports: number[] = []
for (let count = 0; count < Number(workerData); count++) {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.end('ok'))
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ports.push((server.address() as AddressInfo).port)
}
parentPort?.postMessage(ports)
