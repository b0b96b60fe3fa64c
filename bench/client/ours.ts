/** The bridge's own bot, as its config has it by default. */
import { systemClock } from '../../src/clock.ts'
import { silentLog } from '../../src/log.ts'
import { createBot, minecraftSchema } from '../../src/source/bot.ts'
import type { ChatMessage } from '../../src/source/chat.ts'
import { takeSeat } from './seat.ts'

await takeSeat<ChatMessage>({
  join: async ({ port, count }, onSeen) => {
    const bots = Array.from({ length: count }, (_, index) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const bot = createBot(
        { minecraft: minecraftSchema.parse({ port, username: `Bot${index}` }), tokenDir: '' },
        {
          clock: systemClock,
          log: silentLog,
          gate: { enter: () => Promise.resolve() },
          random: Math.random,
          isUrgent: () => false,
        },
        {
          fact: ({ type }) => {
            if (type === 'attached') resolve()
          },
          message: message => onSeen(index, message),
        },
      )
      bot.start()
      return promise
    })
    await Promise.all(bots)
  },
  textOf: ({ typed, text }) => typed ?? text,
})
