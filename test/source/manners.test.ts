import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { dataOf, frame, type Guest, packetBytes, reconfigure, startBare, startGame } from '../fake/game.ts'
import { until } from '../fake/until.ts'
import { type OpenSession, openSession, tidyUp } from './fixture.ts'

afterEach(tidyUp)

const PACK = {
  uuid: '5627dd98-e6be-3c21-b8a8-e92344183641',
  url: 'http://127.0.0.1:9/pack.zip',
  hash: 'a'.repeat(40),
  forced: true,
}
const ACCEPTED = 3
const LOADED = 0

/** Which manners a version knows, by its protocol number. */
const SINCE = { pong: 755, configuration: 764, chunkBatch: 764, packUuid: 765, cookies: 766, transfer: 766 }

for (const version of ['1.12.2', '1.16.5', '1.19.4', '1.20.4', '1.21.4', '26.1']) {
  const number = dataOf(version).version.version
  const since = (known: keyof typeof SINCE) => number >= SINCE[known]

  describe(`on ${version} the bot`, () => {
    async function join() {
      const game = await startGame(version)
      const session = await openSession(version, game.port)
      const guest = await game.joined(1)
      await session.play()
      return { session, guest }
    }

    /** What the bot answered, once it answered so often. */
    async function answers(guest: Guest, name: string, count = 1) {
      await until(`${count} times ${name}`, () => guest.got(name).length >= count)
      return guest.got(name)
    }

    /** The bot has read all that was sent to it before. */
    async function settle(guest: Guest) {
      const before = guest.got('keep_alive').length
      guest.write('keep_alive', { keepAliveId: number >= 340 ? 9n : 9 })
      await answers(guest, 'keep_alive', before + 1)
    }

    const unharmed = (session: OpenSession) => assert.deepEqual(session.endings, [])

    it('asks for the smallest view, once', async () => {
      const { guest, session } = await join()
      await settle(guest)
      const settings = guest.got('settings')
      assert.equal(settings.length, 1)
      assert.equal(settings[0]?.viewDistance, 2)
      assert.equal(settings[0]?.chatFlags, 0)
      unharmed(session)
    })

    it('answers keep-alives with their own number', async () => {
      const { guest } = await join()
      guest.write('keep_alive', { keepAliveId: 1234567n })
      const [answer] = await answers(guest, 'keep_alive')
      assert.deepEqual(BigInt(String(answer?.keepAliveId)), 1234567n)
    })

    it('answers pings', async () => {
      const { guest, session } = await join()
      if (since('pong')) {
        guest.write('ping', { id: -77 })
        assert.deepEqual(await answers(guest, 'pong'), [{ id: -77 }])
      } else {
        guest.write('transaction', { windowId: 0, action: -5, accepted: false })
        guest.write('transaction', { windowId: 0, action: -6, accepted: true })
        await settle(guest)
        assert.deepEqual(guest.got('transaction'), [{ windowId: 0, action: -5, accepted: true }])
      }
      unharmed(session)
    })

    it('takes every resource pack for loaded', async () => {
      const { guest, session } = await join()
      const name = since('packUuid') ? 'add_resource_pack' : 'resource_pack_send'
      guest.write(name, PACK)
      const of = since('packUuid') ? { uuid: PACK.uuid } : {}
      assert.deepEqual(await answers(guest, 'resource_pack_receive', 2), [
        { ...of, result: ACCEPTED },
        { ...of, result: LOADED },
      ])
      unharmed(session)
    })

    it('confirms where it is put', async () => {
      const { guest, session } = await join()
      const zeros = { x: 0, y: 64, z: 0, dx: 0, dy: 0, dz: 0, yaw: 0, pitch: 0 }
      guest.write('position', { ...zeros, flags: number >= 768 ? {} : 0, teleportId: 42 })
      assert.deepEqual(await answers(guest, 'teleport_confirm'), [{ teleportId: 42 }])
      unharmed(session)
    })

    it('rises again when it dies, and only then', async () => {
      const { guest, session } = await join()
      for (const health of [20, 0.5, 0]) guest.write('update_health', { health, food: 20, foodSaturation: 5 })
      await settle(guest)
      assert.deepEqual(guest.got('client_command'), [{ actionId: 'perform_respawn' }])
      unharmed(session)
    })

    if (since('chunkBatch'))
      it('takes chunks slowly', async () => {
        const { guest, session } = await join()
        guest.write('chunk_batch_finished', { batchSize: 3 })
        assert.deepEqual(await answers(guest, 'chunk_batch_received'), [{ chunksPerTick: 4 }])
        unharmed(session)
      })

    if (since('cookies'))
      it('has no cookie, in each phase', async () => {
        const { guest, session } = await join()
        const none = (key: string) => ({ key, value: undefined })
        guest.write('cookie_request', { cookie: 'a:play' })
        await answers(guest, 'cookie_response')
        await reconfigure(guest, () => guest.write('cookie_request', { cookie: 'a:configuration' }))
        await settle(guest)
        assert.deepEqual(guest.got('cookie_response'), ['a:play', 'a:configuration'].map(none))
        unharmed(session)
        const answered: Buffer[] = []
        const bare = await startBare(socket => {
          socket.on('data', bytes => answered.push(bytes))
          socket.write(frame(packetBytes(version, 'login', 'cookie_request', { cookie: 'a:login' })))
        })
        await openSession(version, bare.port)
        // The packet's id, its key and "no value".
        const expected = frame(Buffer.concat([Buffer.from([4, 7]), Buffer.from('a:login'), Buffer.from([0])]))
        await until('the cookie of the login', () => Buffer.concat(answered).includes(expected))
      })

    if (since('transfer'))
      it('is not lured to another server, and says so', async () => {
        const { guest, session } = await join()
        for (const port of [25566, 25567]) guest.write('transfer', { host: 'elsewhere.example', port })
        await settle(guest)
        const said = session.log.lines.filter(({ level }) => level === 'warn')
        assert.equal(said.length, 1)
        assert.match(said[0]?.message ?? '', /transfer the bot to elsewhere\.example:25566.*stays/)
        unharmed(session)
      })

    if (since('configuration'))
      it('keeps its manners when it is configured again', async () => {
        const { guest, session } = await join()
        await reconfigure(guest, () => {
          guest.write('ping', { id: 5 })
          guest.write('keep_alive', { keepAliveId: 6n })
          if (since('packUuid')) guest.write('add_resource_pack', PACK)
          else guest.write('resource_pack_send', PACK)
        })
        await settle(guest)
        assert.deepEqual(guest.got('pong'), [{ id: 5 }])
        assert.equal(guest.got('keep_alive').length, 2)
        assert.equal(guest.got('resource_pack_receive').length, 2)
        assert.deepEqual(
          guest.got('settings').map(({ viewDistance }) => viewDistance),
          [2, 2],
        )
        unharmed(session)
      })
  })
}

it('a line break in a transfer’s host does not break the log', async () => {
  const game = await startGame('1.21.4')
  const session = await openSession('1.21.4', game.port)
  const guest = await game.joined(1)
  await session.play()
  guest.write('transfer', { host: `evil\n\u001b[31mERROR fake ${'x'.repeat(5_000)}`, port: 1 })
  await until('it is said', () => session.log.said().length > 0)
  assert.match(session.log.said()[0] ?? '', /^[^\p{Cc}]{1,500}$/u)
})

it('a code of conduct is accepted once each time', async () => {
  const game = await startGame('26.1')
  const session = await openSession('26.1', game.port)
  const guest = await game.joined(1)
  await session.play()
  await reconfigure(guest)
  await reconfigure(guest)
  await reconfigure(guest, () => guest.write('code_of_conduct', { contents: 'be kind' }))
  assert.equal(guest.got('accept_code_of_conduct').length, 1)
  assert.deepEqual(session.endings, [])
})
