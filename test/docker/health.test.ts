import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { controlAddress, startControl } from '../../src/control.ts'
import { applyRequest } from '../../src/outbox/operation.ts'
import { fakeLog } from '../fake/log.ts'

const ROOT = join(import.meta.dirname, '../..')

function check(address: string): Promise<{ code: unknown; stdout: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [join(ROOT, 'docker/health.mjs'), address], (error, stdout) =>
      resolve({ code: error ? error.code : 0, stdout }),
    )
  })
}

test('a container is healthy while its bridge answers, and not when it is gone or hangs', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'pb-health-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const address = controlAddress(dir)
  const answer = (request: unknown) => applyRequest(request, {} as Parameters<typeof applyRequest>[1])
  const log = fakeLog()
  const control = startControl(dir, { clock: systemClock, log, answer })
  t.after(() => control.stop())
  assert.equal((await check(address)).code, 0)
  assert.deepEqual(log.lines, [])

  await control.stop()
  assert.equal((await check(address)).code, 1)

  const hanging = createServer().listen(address)
  await once(hanging, 'listening')
  t.after(() => hanging.close())
  assert.deepEqual(await check(address), { code: 1, stdout: 'no answer\n' })
})

test('the image asks where a bridge listens whose state is at its default', () => {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  const [, socket] = /HEALTHCHECK.*"(\/[^"]+\.sock)"/.exec(text) ?? []
  const [, config] = /^CMD \["run", "--config", "([^"]+)"\]$/m.exec(text) ?? []
  assert.equal(socket, controlAddress(join(config ?? '', '../data'), 'linux'))
})
