/** The bridge of the end-to-end tests: in this process, or the release as a process of its own. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { createBridge } from '../../src/bridge.ts'
import { systemClock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config.ts'
import { openMemory } from '../../src/outbox/database.ts'
import { createStore } from '../../src/outbox/store.ts'
import { RELEASE } from '../fake/cli.ts'
import { type FakeLog, fakeLog, type LogLine } from '../fake/log.ts'

type RunningBridge = { log: FakeLog; stop(): Promise<void> }

export function startBridge(config: object, release = RELEASE): RunningBridge {
  return release === undefined ? startHere(config) : startRelease(release, config)
}

function startHere(config: object): RunningBridge {
  const log = fakeLog()
  const store = createStore(openMemory, { clock: systemClock, onHealth() {} })
  const bridge = createBridge(parseConfig(JSON.stringify(config), 'test', {}), {
    store,
    clock: systemClock,
    log,
    random: Math.random,
  })
  bridge.start()
  return {
    log,
    async stop() {
      await bridge.stop()
      store.close()
    },
  }
}

const LEVELS: { [level: number]: LogLine['level'] } = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }

/** As users run it, with nothing in its environment but Node; what it writes must be its log, and it must end well. */
function startRelease(cli: string, config: object): RunningBridge {
  const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-e2e-'))
  const file = join(dir, 'config.json')
  writeFileSync(file, JSON.stringify({ ...config, state: { dir: join(dir, 'state') } }))
  const child = spawn(process.execPath, [cli, 'run', '--config', file], {
    cwd: dir,
    env: { PATH: dirname(process.execPath) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  const closed = once(child, 'close')
  const log = fakeLog()
  const strange: string[] = []
  child.stdout.setEncoding('utf8').on('data', text => strange.push(text))
  createInterface({ input: child.stderr }).on('line', line => {
    if (!line.startsWith('{')) return strange.push(line)
    const { level, msg: message, ...fields } = JSON.parse(line)
    return log.lines.push({ level: LEVELS[level] ?? assert.fail(line), message, fields })
  })
  return {
    log,
    async stop() {
      child.kill('SIGTERM')
      const [code] = await closed
      rmSync(dir, { recursive: true, force: true })
      assert.deepEqual([code, strange], [0, []])
    },
  }
}
