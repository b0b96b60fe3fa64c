/** minecraft-protocol as its README has it. */
import { createRequire } from 'node:module'
import { takeSeat } from './seat.ts'
import { type Shown, textOf } from './shown.ts'

type Client = { on(event: string, heard: (message: never) => void): void }
type Library = { createClient(options: object): Client }
type Chat = { formattedMessage?: string; plainMessage?: string }

const { createClient } = createRequire(String(process.env.BENCH_BASELINES))('minecraft-protocol') as Library

await takeSeat<Chat>({
  join: async ({ port, count }, onSeen) => {
    const clients = Array.from({ length: count }, (_, index) => {
      const client = createClient({ host: '127.0.0.1', port, username: `Bot${index}`, version: '1.21.4' })
      client.on('systemChat', (message: Chat) => onSeen(index, message))
      client.on('playerChat', (message: Chat) => onSeen(index, message))
      return new Promise<void>((resolve, reject) => {
        client.on('login', () => resolve())
        client.on('error', reject)
      })
    })
    await Promise.all(clients)
  },
  textOf: ({ plainMessage, formattedMessage = '{}' }) =>
    plainMessage ?? textOf(JSON.parse(formattedMessage) as Shown),
})
