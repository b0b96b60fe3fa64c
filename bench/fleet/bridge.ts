/** The whole bridge in a process of its own, as `run` makes it from a config, with its store on the disk. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { writeHeapSnapshot } from 'node:v8'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import { systemClock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config.ts'
import type { Log } from '../../src/log.ts'
import { STORE_FILE } from '../../src/outbox/database.ts'
import { type OpenedStore, openStore } from '../../src/outbox/open.ts'
import { serve } from './child.ts'
import { type Sample, startSampling } from './sample.ts'

/** CPU of the process since it began, and its memory now. */
export type Usage = { cpuMs: number; rss: number }

export type BridgeSample = Sample & {
  /** Deliveries that wait or are being sent. */
  active: number
  storeBytes: number
  /** What went to the log so far. */
  warnings: number
  /** The log's errors and Node's own warnings, in words. */
  troubles: string[]
}

export type BridgeAnswers = typeof answers

const sample = globalThis.gc && startSampling()
const troubles: string[] = []
let warnings = 0
let running: { bridge: Bridge; opened: OpenedStore; dir: string } | undefined

const log: Log = {
  debug() {},
  info() {},
  warn() {
    warnings += 1
  },
  error(_fields, message) {
    troubles.push(message)
  },
}

process.on('warning', warning => {
  if (warning.name !== 'ExperimentalWarning') troubles.push(String(warning))
})

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

const answers = {
  /** `config` is the text of a config. */
  start: ({ config: text }: { config: string }) => {
    const config = parseConfig(text, 'config.json', {})
    const { dir } = config.state
    const opened = openStore(dir, { clock: systemClock, log, onNews() {} })
    const bridge = createBridge(config, {
      store: opened.store,
      clock: systemClock,
      log,
      random: Math.random,
    })
    running = { bridge, opened, dir }
    bridge.start()
  },
  usage: (): Usage => {
    const { user, system } = process.cpuUsage()
    return { cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() }
  },
  sample: async (): Promise<BridgeSample> => {
    if (!sample) throw new Error('start this process with --expose-gc')
    const lanes = running?.bridge.outbox.status() ?? []
    const file = running && join(running.dir, STORE_FILE)
    return {
      ...(await sample()),
      active: lanes.reduce((sum, { active }) => sum + active, 0),
      storeBytes: file === undefined ? 0 : bytesOf(file) + bytesOf(`${file}-wal`),
      warnings,
      troubles,
    }
  },
  /** What is in the heap, for heap.ts of the soak or a browser's tools. */
  snapshot: ({ file }: { file: string }) => {
    writeHeapSnapshot(file)
  },
  /** As a signal would; the process stays, to be looked at. */
  stop: async () => {
    await running?.bridge.stop()
    running?.opened.close()
    running = undefined
  },
}

serve(answers)
