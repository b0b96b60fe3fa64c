import { type Bridge, createBridge } from '../bridge.ts'
import { systemClock } from '../clock.ts'
import { type Config, ConfigError, loadConfig } from '../config.ts'
import { startControl } from '../control.ts'
import { createLog } from '../log.ts'
import { manifest } from '../manifest.ts'
import { openStore, type StoreNews } from '../outbox/open.ts'
import { applyRequest } from '../outbox/operation.ts'
import { pruneNowAndThen, type Retention } from '../outbox/prune.ts'
import { startWatchdog } from '../service/watchdog.ts'
import { isReload, type Reloaded } from './reload.ts'
import { listenForStop } from './stop.ts'

/** Watches until SIGINT or SIGTERM. SIGHUP has it read the config again, and in a terminal ends it too. */
export async function run(file: string): Promise<number> {
  let config = loadConfig(file, process.env)
  const log = createLog(config.log.level)
  const clock = systemClock
  const early: StoreNews[] = []
  let onNews = (news: StoreNews) => {
    early.push(news)
  }
  const opened = openStore(config.state.dir, { clock, log, onNews: news => onNews(news) })
  const bridge = createBridge(config, { store: opened.store, clock, log, random: Math.random })
  onNews = bridge.storeNews
  let stopPruning = pruneNowAndThen(opened.store, clock, log, retentionOf(config))

  async function reloadNow(): Promise<Reloaded> {
    const next = readAgain(file, config.state.dir)
    if ('faults' in next) {
      log.error({}, 'the new config is refused, and the old one stays:')
      for (const fault of next.faults) log.error({}, fault)
      return next
    }
    config = next
    log.level = config.log.level
    stopPruning()
    stopPruning = pruneNowAndThen(opened.store, clock, log, retentionOf(config))
    const changes = await bridge.reload(config)
    log.info(
      {},
      `the config was read again: ${changes.join('; ') || 'no server and no endpoint has changed'}`,
    )
    return { changes }
  }

  const inTerminal = process.stdin.isTTY || process.stderr.isTTY
  const stop = listenForStop({ hangUp: inTerminal })
  const servers = config.servers.map(({ name }) => name).join(', ')
  log.info({}, `${manifest.name.en_us} ${manifest.version} watches ${servers}`)
  bridge.start()
  for (const news of early) bridge.storeNews(news)
  const reload = oneAtATime(reloadNow)
  const onHangUp = () => {
    reload().catch((error: unknown) => log.error({ err: error }, 'the config could not be read again'))
  }
  // On Windows it means that the window was closed.
  if (!inTerminal && process.platform !== 'win32') process.on('SIGHUP', onHangUp)
  const watchdog = startWatchdog(process.env, { clock, log })
  const control = startControl(config.state.dir, {
    clock,
    log,
    answer: request => (isReload(request) ? reload() : applyRequest(request, operatedBy(bridge))),
  })
  log.info({}, `stopping: ${await stop.received}`)
  process.off('SIGHUP', onHangUp)
  watchdog.stop()
  stopPruning()
  await control.stop()
  await bridge.stop()
  opened.close()
  stop.done()
  return 0

  function operatedBy({ outbox }: Bridge) {
    return { outbox, store: opened.store, clock, startExpiryMs: config.notification.startExpiry }
  }
}

function retentionOf({ state }: Config): Retention {
  return { keepMs: state.retention, keepDeadMs: state.deadRetention, maxBytes: state.maxSize }
}

/** The config as it stands in the file now, or what is wrong with it. */
function readAgain(file: string, stateDir: string): Config | { faults: string[] } {
  try {
    const config = loadConfig(file, process.env)
    if (config.state.dir === stateDir) return config
    return {
      faults: [
        `state.dir: can't change while the bridge runs (from ${stateDir} to ${config.state.dir}); restart it`,
      ],
    }
  } catch (error) {
    if (error instanceof ConfigError) return { faults: error.faults }
    throw error
  }
}

/** Whoever asks while one runs waits for one that begins after it. */
function oneAtATime<T>(run: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return () => {
    const next = last.then(run, run)
    last = next
    return next
  }
}
