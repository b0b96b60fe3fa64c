import { createBridge } from '../bridge.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config.ts'
import { createLog } from '../log.ts'
import { manifest } from '../manifest.ts'
import { untilStopped } from './stop.ts'

/** Watches until SIGINT or SIGTERM. */
export async function run(file: string): Promise<number> {
  const config = loadConfig(file, process.env)
  const log = createLog(config.log.level)
  const bridge = createBridge(config, { clock: systemClock, log, random: Math.random })
  const stopped = untilStopped(() => bridge.stop())
  log.info(
    {},
    `${manifest.name.en_us} ${manifest.version} watches ${config.servers.map(({ name }) => name).join(', ')}`,
  )
  bridge.start()
  const signal = await stopped
  log.info({}, `stopped by ${signal}`)
  return 0
}
