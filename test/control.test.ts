import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../src/clock.ts'
import { askControl, controlAddress, SOCKET_FILE, startControl } from '../src/control.ts'
import { fakeClock } from './fake/clock.ts'
import { fakeLog } from './fake/log.ts'
import { until } from './fake/until.ts'

const clock = systemClock

function folder(t: TestContext, name = ''): string {
  const root = mkdtempSync(join(tmpdir(), 'pb-control-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const dir = join(root, name)
  mkdirSync(dir, { recursive: true })
  return dir
}

type Over = Partial<Parameters<typeof startControl>[1]>

function listen(t: TestContext, dir: string, over: Over = {}) {
  const log = fakeLog()
  const control = startControl(dir, { clock, log, answer: async request => ({ heard: request }), ...over })
  t.after(() => control.stop())
  return { control, log }
}

/** Everything that comes back for these bytes. */
async function send(dir: string, bytes: string | Buffer, end = true): Promise<string> {
  const socket = connect({ path: controlAddress(dir), allowHalfOpen: true })
  socket.on('error', () => {})
  socket.write(bytes)
  if (end) socket.end()
  const answer = await text(socket)
  socket.destroy()
  return answer
}

describe('the control socket', () => {
  it('carries a request to the bridge and its answer back', async t => {
    const dir = folder(t)
    listen(t, dir)
    for (const request of [{ type: 'resume', endpoint: '手机\n' }, 'x'.repeat(10_000), null])
      assert.deepEqual(await askControl(dir, request, { clock }), {
        status: 'answered',
        answer: { heard: request },
      })
  })

  it('may be opened by its owner alone, from its first moment', async t => {
    const dir = folder(t)
    const umask = process.umask(0)
    t.after(() => process.umask(umask))
    listen(t, dir)
    assert.equal(statSync(join(dir, SOCKET_FILE)).mode & 0o777, 0o600)
    assert.equal(process.umask(), 0)
  })

  it('has a shorter name elsewhere where the path of the folder is too long', async t => {
    const dir = folder(t, '备份'.repeat(30))
    assert.equal(controlAddress(dir), controlAddress(`${dir}/../${'备份'.repeat(30)}`))
    assert.ok(Buffer.byteLength(controlAddress(dir)) <= 100)
    const { control } = listen(t, dir)
    assert.deepEqual(await askControl(dir, 1, { clock }), { status: 'answered', answer: { heard: 1 } })
    assert.equal(statSync(controlAddress(dir)).mode & 0o777, 0o600)
    await control.stop()
    assert.ok(!existsSync(controlAddress(dir)))
  })

  it('is a named pipe on Windows', () => {
    assert.match(controlAddress('data', 'win32'), /^\\\\\.\\pipe\\prime-backup-bridge-[0-9a-f]{24}$/)
    assert.notEqual(controlAddress('data', 'win32'), controlAddress('other', 'win32'))
  })

  it('is absent before a bridge runs, after it stopped, and where it was killed', async t => {
    const dir = folder(t)
    assert.deepEqual(await askControl(dir, 1, { clock }), { status: 'absent' })
    const { control } = listen(t, dir)
    await control.stop()
    await control.stop()
    assert.ok(!existsSync(join(dir, SOCKET_FILE)))
    assert.deepEqual(await askControl(dir, 1, { clock }), { status: 'absent' })
    writeFileSync(join(dir, SOCKET_FILE), '')
    assert.deepEqual(await askControl(dir, 1, { clock }), { status: 'absent' })
  })

  it('takes the place of one that a killed bridge left', async t => {
    const dir = folder(t)
    const { execFileSync } = await import('node:child_process')
    const path = JSON.stringify(join(dir, SOCKET_FILE))
    const code = `require('net').createServer().listen(${path}, () => process.kill(process.pid, 'SIGKILL'))`
    assert.throws(() => execFileSync(process.execPath, ['-e', code], { stdio: 'ignore' }))
    assert.ok(existsSync(join(dir, SOCKET_FILE)))
    assert.deepEqual(await askControl(dir, 1, { clock }), { status: 'absent' })
    listen(t, dir)
    assert.equal((await askControl(dir, 1, { clock })).status, 'answered')
  })

  it('that cannot be made is said, and does not keep the bridge from running', async t => {
    const dir = folder(t)
    writeFileSync(join(dir, SOCKET_FILE), 'a file of somebody')
    const { log } = listen(t, dir)
    await until('it is said', () => log.said().length > 0)
    assert.match(
      log.said()[0] ?? '',
      /the command line can't reach this bridge \(.*\): to change deliveries, stop it first/,
    )
    assert.ok(statSync(join(dir, SOCKET_FILE)).isFile())
  })

  it('answers garbage as such, and goes on', async t => {
    const dir = folder(t)
    listen(t, dir)
    const noLine = '{"error":"the request is too long, or has no end"}\n'
    assert.equal(
      await send(dir, 'GET / HTTP/1.1\r\n\r\n'),
      '{"error":"the request is not one line of JSON"}\n',
    )
    assert.equal(
      await send(dir, Buffer.from([0xff, 0x00, 0x0a])),
      '{"error":"the request is not one line of JSON"}\n',
    )
    assert.equal(await send(dir, '{"type":'), noLine)
    assert.equal(await send(dir, ''), noLine)
    assert.equal(await send(dir, 'x'.repeat(17 * 1024), false), noLine)
    assert.equal(await send(dir, '1\n2\n3\n'), '{"answer":{"heard":1}}\n')
    assert.equal((await askControl(dir, 1, { clock })).status, 'answered')
  })

  it('tells a fault of the bridge, and goes on', async t => {
    const dir = folder(t)
    const { log } = listen(t, dir, {
      answer: async () => {
        throw new Error('the request is none that this bridge knows')
      },
    })
    for (const _ of [1, 2])
      assert.deepEqual(await askControl(dir, 1, { clock }), {
        status: 'failed',
        reason: 'the request is none that this bridge knows',
      })
    assert.equal(log.said().length, 2)
  })

  it('waits 5 s for a request, however slowly it comes, and no longer', async t => {
    const dir = folder(t)
    const time = fakeClock()
    listen(t, dir, { clock: time })
    const socket = connect(controlAddress(dir))
    t.after(() => socket.destroy())
    socket.write('{')
    await until('it is heard', () => time.pending() === 1)
    await time.advance(4_900)
    socket.write(' ')
    await time.advance(100)
    assert.equal(await text(socket), '{"error":"no request came in time"}\n')
    await until('nothing of it is left', () => time.pending() === 0)
  })

  it('ends what is open when it stops, and takes a caller that leaves', async t => {
    const dir = folder(t)
    let ask = () => {}
    const asked = new Promise<void>(resolve => {
      ask = resolve
    })
    const { control } = listen(t, dir, {
      answer: () => {
        ask()
        return new Promise(() => {})
      },
    })
    const gone = connect(controlAddress(dir))
    gone.write('1\n')
    await asked
    gone.destroy()
    const waiting = askControl(dir, 1, { clock })
    const idle = connect(controlAddress(dir)).on('error', () => {})
    await once(idle, 'connect')
    await control.stop()
    assert.equal((await waiting).status, 'failed')
    await until('the other end is closed too', () => idle.closed)
  })
})

describe('whoever asks on the control socket', () => {
  /** Somebody who is no bridge. */
  async function stranger(t: TestContext, dir: string, answer: string | null) {
    const server = createServer(socket => {
      socket.on('error', () => {})
      if (answer !== null) socket.end(answer)
    }).listen(controlAddress(dir))
    await once(server, 'listening')
    t.after(() => server.close())
  }

  it('is not kept for ever by one that says nothing', async t => {
    const dir = folder(t)
    await stranger(t, dir, null)
    const time = fakeClock()
    const asked = askControl(dir, 1, { clock: time, timeoutMs: 30_000 })
    await time.advance(30_000)
    assert.deepEqual(await asked, { status: 'failed', reason: 'no answer in 30 s' })
    assert.equal(time.pending(), 0)
  })

  it('takes no answer that is none', async t => {
    for (const answer of [
      '',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      '{"answer":1}',
      'null\n',
      'x'.repeat(2 ** 21),
    ]) {
      const dir = folder(t)
      await stranger(t, dir, answer)
      const asked = await askControl(dir, 1, { clock })
      assert.equal(asked.status, 'failed', answer.slice(0, 40))
    }
  })
})
