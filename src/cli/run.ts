import { createBridge } from '../bridge.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config.ts'
import { startControl } from '../control.ts'
import { createLog } from '../log.ts'
import { manifest } from '../manifest.ts'
import { openStore, type StoreNews } from '../outbox/open.ts'
import { applyRequest } from '../outbox/operation.ts'
import { pruneNowAndThen } from '../outbox/prune.ts'
import { listenForStop } from './stop.ts'

/** Watches until SIGINT or SIGTERM. */
export async function run(file: string): Promise<number> {
  const config = loadConfig(file, process.env)
  const log = createLog(config.log.level)
  const clock = systemClock
  const early: StoreNews[] = []
  let onNews = (news: StoreNews) => {
    early.push(news)
  }
  const opened = openStore(config.state.dir, { clock, log, onNews: news => onNews(news) })
  const bridge = createBridge(config, { store: opened.store, clock, log, random: Math.random })
  onNews = bridge.storeNews
  const stopPruning = pruneNowAndThen(opened.store, clock, log, {
    keepMs: config.state.retention,
    keepDeadMs: config.state.deadRetention,
    maxBytes: config.state.maxSize,
  })
  const stop = listenForStop()
  const servers = config.servers.map(({ name }) => name).join(', ')
  log.info({}, `${manifest.name.en_us} ${manifest.version} watches ${servers}`)
  bridge.start()
  for (const news of early) bridge.storeNews(news)
  const operated = {
    outbox: bridge.outbox,
    store: opened.store,
    clock,
    startExpiryMs: config.notification.startExpiry,
  }
  const control = startControl(config.state.dir, {
    clock,
    log,
    answer: request => applyRequest(request, operated),
  })
  log.info({}, `stopping: ${await stop.received}`)
  stopPruning()
  await control.stop()
  await bridge.stop()
  opened.close()
  stop.done()
  return 0
}
