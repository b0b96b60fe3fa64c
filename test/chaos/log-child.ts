/**
 * The whole bridge, watching by the log alone. The parent starts it early and says "go" when it is to open its folder,
 * so that every kill hits a bridge at work and none a loading runtime.
 */
import { flushCompileCache } from 'node:module'
import { createBridge } from '../../src/bridge.ts'
import { systemClock as clock } from '../../src/clock.ts'
import { loadConfig } from '../../src/config.ts'
import { silentLog as log } from '../../src/log.ts'
import { openStore, type StoreNews } from '../../src/outbox/open.ts'

process.once('message', (go: { config: string }) => {
  const config = loadConfig(go.config, {})
  let onNews = (_: StoreNews) => {}
  const opened = openStore(config.state.dir, { clock, log, onNews: news => onNews(news) })
  const bridge = createBridge(config, { store: opened.store, clock, log, random: Math.random })
  onNews = bridge.storeNews
  bridge.start()
  process.send?.('opened')
})
process.once('disconnect', () => process.exit(3))
flushCompileCache()
process.send?.('ready')
