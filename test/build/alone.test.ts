/** The release at work: its demo, a bot on every version, and other files' tests of the whole path and the command line. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { buildRelease } from '../../build/build.ts'
import { systemClock } from '../../src/clock.ts'
import { createPracticeServer } from '../../src/demo/server.ts'
import { missingLines } from '../docs/recording.ts'
import { until } from '../fake/until.ts'

const SUITE_MS = 600_000

const home = mkdtempSync(join(tmpdir(), 'pb-bridge-alone-'))
after(() => rmSync(home, { recursive: true }))

const cli = join(home, 'dist/cli.js')
await buildRelease(dirname(cli), join(home, 'dist-maps'))
process.env.PB_BRIDGE_CLI = cli

// One half after the other: loading thirty versions of the game holds this process up.
describe('the release at work', { timeout: SUITE_MS }, () => {
  describe('by itself', { timeout: SUITE_MS }, () => {
    it('plays on every version of the game that the protocol library supports, in one process', async t => {
      const require = createRequire(import.meta.url)
      const { supportedVersions } = require('minecraft-protocol') as { supportedVersions: string[] }
      const servers = supportedVersions.map(version =>
        createPracticeServer({ version, clock: systemClock, operators: [] }),
      )
      t.after(() => Promise.all(servers.map(server => server.stop())))
      const ports = await Promise.all(servers.map(async server => (await server.start()).port))
      const { startBridge } = await import('../e2e/bridge.ts')
      const bridge = startBridge({
        servers: ports.map((port, index) => ({ name: supportedVersions[index], minecraft: { port } })),
      })
      t.after(() => bridge.stop())
      const inPlay = () =>
        bridge.log.lines.flatMap(({ message, fields }) =>
          message.includes('is in play') ? (fields as { server: string }).server : [],
        )
      await until('all are in play', () => new Set(inPlay()).size >= servers.length, 90_000)
      assert.deepEqual(new Set(inPlay()), new Set(supportedVersions))
    })

    it('plays the demo to its end', async () => {
      const { error, stdout, stderr } = await new Promise<{ error: unknown; stdout: string; stderr: string }>(
        resolve => {
          const options = { cwd: home, env: { PATH: dirname(process.execPath) }, timeout: 60_000 }
          execFile(process.execPath, [cli, 'demo', '--once'], options, (error, stdout, stderr) =>
            resolve({ error, stdout, stderr }),
          )
        },
      )
      assert.deepEqual([error, stderr], [null, ''])
      assert.match(stdout, /^All of it arrived\.$/m)
      assert.deepEqual(missingLines(stdout), [], 'the README shows a scene that the demo does not play so')
    })
  })

  describe('in the tests of others', { timeout: SUITE_MS }, async () => {
    await import('../e2e/live.test.ts')
    await import('../cli.test.ts')
  })
})
