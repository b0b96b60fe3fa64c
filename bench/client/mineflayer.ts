/** A mineflayer bot as its README has it. */
import { createRequire } from 'node:module'
import { takeSeat } from './seat.ts'

type Bot = { on(event: string, heard: (message: never) => void): void }
type Library = { createBot(options: object): Bot }
type Message = { toString(): string }

const { createBot } = createRequire(String(process.env.BENCH_BASELINES))('mineflayer') as Library

await takeSeat<Message>({
  join: async ({ port, count }, onSeen) => {
    const bots = Array.from({ length: count }, (_, index) => {
      const bot = createBot({ host: '127.0.0.1', port, username: `Bot${index}`, version: '1.21.4' })
      bot.on('message', (message: Message) => onSeen(index, message))
      return new Promise<void>((resolve, reject) => {
        bot.on('login', () => resolve())
        bot.on('error', reject)
      })
    })
    await Promise.all(bots)
  },
  // Of a player's line it shows the name too: `<Steve> hello`.
  textOf: message => message.toString().replace(/^<Steve> /, ''),
})
