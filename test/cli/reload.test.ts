import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Running, startCli } from '../fake/process.ts'
import { until } from '../fake/until.ts'

function spawned(t: TestContext, args: string[]): Running {
  const running = startCli(args)
  t.after(() => running.child.kill('SIGKILL'))
  return running
}

/** A folder whose config watches these servers by logs that are not there, and a bridge that runs by it. */
async function place(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'pb-reload-'))
  const config = join(dir, 'config.json')
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const write = (servers: string[], more: object = {}) =>
    writeFileSync(
      config,
      JSON.stringify({
        servers: servers.map(name => ({ name, mcdr: { log: `./${name}.log` } })),
        state: { dir: './state' },
        ...more,
      }),
    )
  const ask = async () => {
    const asked = spawned(t, ['reload', '--config', config])
    return { code: await asked.ended, stdout: asked.stdout(), stderr: asked.stderr() }
  }
  return { config, write, ask }
}

test('a running bridge reads its config again, by the command and by SIGHUP; a bad one is refused', async t => {
  const { config, write, ask } = await place(t)
  write(['survival'])
  const bridge = spawned(t, ['run', '--config', config])
  await until('the bridge', () => bridge.stderr().includes('watches survival'), 20_000)
  write(['survival', 'creative'])
  assert.deepEqual(await ask(), { code: 0, stdout: 'server creative: added\n', stderr: '' })
  assert.deepEqual(await ask(), { code: 0, stdout: 'no server and no endpoint has changed\n', stderr: '' })
  write([])
  const refused = await ask()
  assert.equal(refused.code, 2)
  assert.match(
    refused.stderr,
    /^the new config is refused, and the old one stays:\n {2}servers: a list is empty; write at least one server\n$/,
  )
  write(['survival'], { state: { dir: './elsewhere' } })
  bridge.child.kill('SIGHUP')
  await until('the refusal', () => bridge.stderr().includes("state.dir: can't change while the bridge runs"))
  write(['creative'])
  bridge.child.kill('SIGHUP')
  await until('the change', () => bridge.stderr().includes('server survival: removed'))
  bridge.child.kill('SIGTERM')
  assert.equal(await bridge.ended, 0)
})

test('where no bridge runs, the command says how to start one', async t => {
  const { write, ask } = await place(t)
  write(['survival'])
  const { code, stderr } = await ask()
  assert.equal(code, 1)
  assert.match(stderr, /^pb-bridge: no bridge runs with its state in .*; start it: pb-bridge run --config /)
})

test('in a terminal that closes, the bridge ends', async t => {
  const { config, write } = await place(t)
  write(['survival'])
  const terminal = join(config, '..', 'terminal.cjs')
  writeFileSync(terminal, 'process.stderr.isTTY = true')
  const running = startCli(['run', '--config', config], { node: ['--require', terminal] })
  t.after(() => running.child.kill('SIGKILL'))
  await until('the bridge', () => running.stderr().includes('watches survival'), 20_000)
  running.child.kill('SIGHUP')
  assert.equal(await running.ended, 0)
})
