import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { examine } from '../../src/doctor/checks.ts'
import { renderFinding } from '../../src/doctor/finding.ts'
import { readPatient } from '../../src/doctor/patient.ts'
import { type Game, startBare, startGame } from '../fake/game.ts'
import { answer, startReceiver } from '../fake/receiver.ts'
import { configOf, diagnose, ENDPOINT, writeConfig } from './fixture.ts'

const VERSION = '1.16.5'
const games: Game[] = []
after(() => Promise.all(games.map(game => game.stop())))

async function game(options: Parameters<typeof startGame>[1] = {}) {
  const started = await startGame(VERSION, options)
  games.push(started)
  return started
}

function configFor(port: number, minecraft: object = {}, endpoints: object[] = []) {
  const server = { name: 'survival', minecraft: { port, ...minecraft }, commands: { operators: ['Steve'] } }
  return writeConfig(configOf([server], endpoints))
}

async function linesOf(file: string, area: string, env = {}): Promise<string[]> {
  const found = await diagnose(file, { online: true, env })
  return found.filter(finding => finding.area === area).map(renderFinding)
}

describe('the game server, asked', () => {
  it('lets the bot in, which leaves again and says nothing', async () => {
    const { port, guests } = await game()
    assert.deepEqual(await linesOf(configFor(port), 'server'), [
      '✓ server survival answers: 1.16.5 (protocol 754); the bot speaks 1.16.5',
      '✓ server survival: the bot PrimeBackupBot can join; it has left again',
    ])
    assert.equal(guests.length, 2)
    assert.deepEqual(
      guests.flatMap(guest => guest.got('chat')),
      [],
    )
  })

  it('turns the bot away, with the remedy for the server’s own reason', async () => {
    const { port } = await game({
      beforeLogin: connection =>
        connection.end('away', JSON.stringify({ translate: 'multiplayer.disconnect.not_whitelisted' })),
    })
    const [, login = ''] = await linesOf(configFor(port), 'server')
    assert.match(
      login,
      /^✗ server survival: the bot PrimeBackupBot can't join: kicked: .* → add the bot to the whitelist \(\/whitelist add PrimeBackupBot\)$/,
    )
  })

  it('is not joined while a bridge of this config runs', async () => {
    const { port, guests } = await game()
    const patient = { ...readPatient(configFor(port), {}, systemClock), owner: 'process 1' }
    const found = await examine(patient, { online: true })
    assert.ok(found.some(({ text }) => text.endsWith('a bridge runs, whose bot would be thrown out')))
    assert.equal(guests.length, 1)
  })

  it('is not joined where somebody of the bot’s name is in the game', async () => {
    const status = JSON.stringify({
      version: { name: VERSION, protocol: 754 },
      players: { max: 20, online: 1, sample: [{ id: '0', name: 'PrimeBackupBot' }] },
    })
    const body = Buffer.concat([
      Buffer.from([0, (Buffer.byteLength(status) & 0x7f) | 0x80, Buffer.byteLength(status) >> 7]),
      Buffer.from(status),
    ])
    const frame = Buffer.concat([Buffer.from([(body.length & 0x7f) | 0x80, body.length >> 7]), body])
    const bare = await startBare(socket => socket.once('data', () => socket.write(frame)))
    assert.deepEqual((await linesOf(configFor(bare.port), 'server')).slice(1), [
      '! server survival: somebody named PrimeBackupBot is in the game, and no bridge of this config runs → run one bridge for each name, or write another minecraft.username',
    ])
    assert.equal(bare.sockets.length, 1)
    await bare.stop()
  })

  it('is not joined with an account that has to sign in', async () => {
    const { port, guests } = await game()
    const file = configFor(port, { username: 'bot@example.com', auth: 'microsoft' })
    assert.match((await linesOf(file, 'server'))[1] ?? '', /^✓ .* was not tried: it has to sign in$/)
    assert.equal(guests.length, 1)
  })
})

describe('an endpoint, asked', () => {
  it('is connected to, and sent nothing', async () => {
    const receiver = await startReceiver()
    const hook = { name: 'hook', type: 'webhook', url: `${receiver.url}/hook` }
    const lines = await linesOf(configFor(1, {}, [hook]), 'endpoints')
    assert.deepEqual(lines, [
      `✓ endpoint hook: 127.0.0.1 is 127.0.0.1, and port ${new URL(receiver.url).port} answers`,
    ])
    assert.deepEqual(receiver.requests, [])
    await receiver.stop()
  })

  it('without a certificate is told of, where the URL says https', async () => {
    const bare = await startBare(socket => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const hook = { name: 'hook', url: `https://127.0.0.1:${bare.port}/hook0123456789` }
    const [line = ''] = await linesOf(configFor(1, {}, [hook]), 'endpoints')
    assert.match(line, /^✗ endpoint hook: 127\.0\.0\.1 is 127\.0\.0\.1, but .* → /)
    assert.doesNotMatch(line, /hook0123456789/)
    await bare.stop()
  })

  it('is reached through the proxy of the environment, unless that exempts it', async () => {
    const proxy = await startBare(() => {})
    const hook = { name: 'hook', url: 'http://nowhere.invalid/hook' }
    const file = configFor(1, {}, [hook])
    const env = { http_proxy: `http://127.0.0.1:${proxy.port}` }
    assert.match(
      (await linesOf(file, 'endpoints', env)).join(),
      /^✓ endpoint hook: its proxy 127\.0\.0\.1 is /,
    )
    const exempt = await linesOf(file, 'endpoints', { ...env, no_proxy: 'localhost,.invalid' })
    assert.match(exempt.join(), /^✗ endpoint hook: nowhere\.invalid can't be resolved/)
    await proxy.stop()
  })

  it('with the key of an example is told without asking', async () => {
    const lines = await linesOf(
      configFor(1, {}, [{ ...ENDPOINT, url: 'http://127.0.0.1:1/push', bark: { device_key: 'YOUR_KEY' } }]),
      'endpoints',
    )
    assert.equal(lines[0], '✗ endpoint phone: its key is still that of the example → write your own')
  })
})

describe('the clock of this machine', () => {
  const monitor = (url: string) => ({ name: 'kuma', type: 'heartbeat', url: `${url}/api/push/a1B2c3D4e5` })

  it('is compared with that of a service, by its front page alone', async () => {
    const receiver = await startReceiver(answer(302))
    const config = configFor(1, {}, [monitor(receiver.url)])
    const host = new URL(receiver.url).host
    assert.deepEqual(await linesOf(config, 'clock'), [`✓ the clock of this machine agrees with ${host}`])
    receiver.reply = answer(200, '', { date: new Date(Date.now() - 3_600_000).toUTCString() })
    const [line = ''] = await linesOf(config, 'clock')
    assert.match(
      line,
      /^! the clock of this machine is (59 min \d+ s|1 h|1 h \d s) ahead of that of .* → set it, best by NTP/,
    )
    assert.deepEqual(
      receiver.requests.map(({ method, path }) => `${method} ${path}`),
      ['GET /', 'GET /'],
    )
    await receiver.stop()
  })
})
