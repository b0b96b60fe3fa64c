/**
 * The whole bridge, as `run` makes it from a config: `bridge.js PORT 1 URL STORE [READ_INTERVAL]`. STORE is a folder, or
 * `memory` to leave the disk out.
 */
import { createBridge } from '../../src/bridge.ts'
import { systemClock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { openMemory } from '../../src/outbox/database.ts'
import { openStore } from '../../src/outbox/open.ts'
import { createStore } from '../../src/outbox/store.ts'
import { takeSeat } from './seat.ts'

const [, , url = '', folder = '', readInterval] = process.argv.slice(2)
const minecraft = readInterval === undefined ? {} : { readInterval: Number(readInterval) }

await takeSeat<never>({
  join: async ({ port }) => {
    const config = parseConfig(
      JSON.stringify({
        servers: [{ name: 'survival', minecraft: { port, ...minecraft } }],
        notification: { enabled: true, endpoints: [{ name: 'hook', url }] },
        state: { dir: folder },
      }),
      'bench',
      {},
    )
    const log = createLog('warn', false)
    const clock = systemClock
    const store =
      folder === 'memory'
        ? createStore(openMemory, { clock, onHealth() {} })
        : openStore(folder, { clock, log, onNews() {} }).store
    createBridge(config, { store, clock, log, random: Math.random }).start()
  },
  textOf: String,
})
