/** From nothing to the first push: the packed release on a machine with Node alone, as a newcomer goes about it. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { buildRelease } from '../../build/build.ts'
import { systemClock } from '../../src/clock.ts'
import { createPrimeBackup } from '../../src/demo/primebackup.ts'
import { createPracticeServer } from '../../src/demo/server.ts'
import { makeFolder } from '../fake/folder.ts'
import { startReceiver } from '../fake/receiver.ts'
import { until } from '../fake/until.ts'

const ROOT = join(import.meta.dirname, '../..')
const home = mkdtempSync(join(tmpdir(), 'pb-newcomer-'))
after(() => rmSync(home, { recursive: true }))

type Done = { code: unknown; stdout: string; stderr: string }

function call(command: string, args: string[], env: { [name: string]: string }, cwd = home): Promise<Done> {
  return new Promise(resolve =>
    execFile(command, args, { env, cwd, timeout: 100_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    ),
  )
}

test('whoever has Node 24 and the packed file gets the first push without editing anything but the key', async t => {
  const receiver = await startReceiver()
  t.after(() => receiver.stop())
  const server = createPracticeServer({ clock: systemClock, operators: [] })
  const { port } = await server.start()
  const folder = makeFolder(join(home, 'mcdr'), { properties: { 'server-port': port } })
  const primeBackup = createPrimeBackup({
    server,
    clock: systemClock,
    timings: { saveMs: 5, createMs: 5 },
    mcdrLog: folder.log,
  })
  primeBackup.start()
  t.after(async () => {
    await primeBackup.stop()
    await server.stop()
  })

  // Packed elsewhere.
  const project = join(home, 'project')
  mkdirSync(project)
  for (const file of ['package.json', 'README.md', 'LICENSE']) cpSync(join(ROOT, file), join(project, file))
  await buildRelease(join(project, 'dist'), join(home, 'maps'))
  const env = { PATH: process.env.PATH ?? '', HOME: home }
  const packed = await call('npm', ['pack', '--json', '--ignore-scripts', '--prefix', project, project], env)
  assert.equal(packed.code, 0, packed.stderr)
  const [{ filename, size }] = JSON.parse(packed.stdout) as [{ filename: string; size: number }]
  const packedAt = performance.now()

  // Here: Node 24 on the PATH and the packed file; npm is needed once, to unpack it.
  const bin = join(home, 'bin')
  mkdirSync(bin)
  symlinkSync(process.execPath, join(bin, 'node'))
  const install = ['install', '--global', '--offline', '--prefix', join(home, 'own'), join(home, filename)]
  const installed = await call('npm', install, env)
  assert.equal(installed.code, 0, installed.stderr)
  const bridge = join(home, 'own/bin/pb-bridge')
  const cwd = join(home, 'bridge')
  mkdirSync(cwd)
  const own = { PATH: bin, HOME: home, PB_WEBHOOK_URL: `${receiver.url}/push` }
  const init = await call(bridge, ['init'], own, cwd)
  assert.equal(init.code, 0, init.stdout + init.stderr)
  assert.equal(receiver.requests.length, 1, 'the test notification')
  assert.equal(statSync(join(cwd, 'config.json')).mode & 0o777, 0o600)
  assert.ok(
    !readFileSync(join(cwd, 'config.json'), 'utf8').includes(receiver.url),
    'the key is not written down',
  )

  const running: ChildProcess = spawn(bridge, ['run'], { env: own, cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  t.after(() => running.kill('SIGKILL'))
  let stderr = ''
  running.stderr?.on('data', text => {
    stderr += text
  })
  await until('the bot', () => stderr.includes('is in play'), 30_000)
  await primeBackup.consoleMake('base')
  await until('the push', () => receiver.requests.length === 3, 20_000)
  const [, , push] = receiver.requests.map(({ body }) => JSON.parse(body))
  assert.equal(push.title, 'minecraft: backup #1 completed')
  const tookS = (performance.now() - packedAt) / 1000
  running.kill('SIGTERM')
  await once(running, 'exit')
  t.diagnostic(`${(size / 1e6).toFixed(1)} MB; from the packed file to the first push: ${tookS.toFixed(1)} s`)
})
