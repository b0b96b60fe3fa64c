import { createBridge } from '../bridge.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config.ts'
import { createLog } from '../log.ts'
import { manifest } from '../manifest.ts'
import { listenForStop } from './stop.ts'

/** Watches until SIGINT or SIGTERM. */
export async function run(file: string): Promise<number> {
  const config = loadConfig(file, process.env)
  const log = createLog(config.log.level)
  const bridge = createBridge(config, { clock: systemClock, log, random: Math.random })
  const stop = listenForStop()
  const servers = config.servers.map(({ name }) => name).join(', ')
  log.info({}, `${manifest.name.en_us} ${manifest.version} watches ${servers}`)
  bridge.start()
  log.info({}, `stopping: ${await stop.received}`)
  await bridge.stop()
  stop.done()
  return 0
}
