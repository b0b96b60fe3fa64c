import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseComponent } from '../../src/source/component.ts'
import { kickedFor, messageOf, oneLine } from '../../src/source/disconnect.ts'
import { fc } from '../fake/property.ts'

const REMEDIES = {
  ban: 'the bot is banned: pardon it on the server (/pardon Bot)',
  whitelist: 'add the bot to the whitelist (/whitelist add Bot)',
  version: 'set minecraft.version to the version that the server runs, or "auto"',
  elsewhere:
    'another client uses this name: give the bot an account of its own, and run one bridge per account',
  online: 'the server checks accounts (online-mode=true): set minecraft.auth to "microsoft"',
  signing: 'the server demands signed chat: set enforce-secure-profile=false in its server.properties',
  proxy: 'this is a server behind a proxy: point minecraft.host and minecraft.port at the proxy',
}

const key = (translate: string, ...args: unknown[]) => JSON.stringify({ translate, with: args })

const kicks: [raw: string, reason: string, remedy?: keyof typeof REMEDIES][] = [
  [key('multiplayer.disconnect.banned'), 'You are banned from this server', 'ban'],
  [
    JSON.stringify({
      translate: 'multiplayer.disconnect.banned.reason',
      with: ['griefing'],
      extra: [{ text: '\nUntil §ctomorrow' }],
    }),
    'You are banned from this server. Reason: griefing Until tomorrow',
    'ban',
  ],
  [key('multiplayer.disconnect.banned_ip.reason', 'x'), 'multiplayer.disconnect.banned_ip.reason x', 'ban'],
  [key('multiplayer.disconnect.ip_banned'), 'multiplayer.disconnect.ip_banned', 'ban'],
  ['"你已被封禁"', '你已被封禁', 'ban'],
  [key('multiplayer.disconnect.not_whitelisted'), 'You are not white-listed on this server!', 'whitelist'],
  [
    '{"text":"You are not whitelisted on this server!"}',
    'You are not whitelisted on this server!',
    'whitelist',
  ],
  ['"你不在白名单中"', '你不在白名单中', 'whitelist'],
  [key('multiplayer.disconnect.outdated_client', '1.20.1'), 'Outdated client! Please use 1.20.1', 'version'],
  [
    key('multiplayer.disconnect.outdated_server', '1.12.2'),
    'Outdated server! I am still on 1.12.2',
    'version',
  ],
  [key('multiplayer.disconnect.incompatible', '1.21.4'), 'Incompatible client! Please use 1.21.4', 'version'],
  [
    '{"text":"Wrong protocol version, expected: 754 and you are using: 340"}',
    'Wrong protocol version, expected: 754 and you are using: 340',
    'version',
  ],
  [key('multiplayer.disconnect.duplicate_login'), 'You logged in from another location', 'elsewhere'],
  [key('multiplayer.disconnect.unverified_username'), 'Failed to verify username!', 'online'],
  [key('multiplayer.disconnect.missing_public_key'), 'multiplayer.disconnect.missing_public_key', 'signing'],
  [
    '"If you wish to use IP forwarding, please enable it in your BungeeCord config as well!"',
    'If you wish to use IP forwarding, please enable it in your BungeeCord config as well!',
    'proxy',
  ],
  [key('multiplayer.disconnect.server_shutdown'), 'Server closed'],
  [key('multiplayer.disconnect.kicked'), 'Kicked by an operator'],
  [key('multiplayer.disconnect.idling'), 'You have been idle for too long!'],
  [key('multiplayer.disconnect.server_full'), 'The server is full!'],
  [key('disconnect.spam'), 'Kicked for spamming'],
  ['{"text":""}', 'no reason given'],
]

describe('a kick', () => {
  for (const [raw, reason, remedy] of kicks)
    it(`for "${reason}" ${remedy ? `has the remedy of ${remedy}` : 'is mended by trying again'}`, () => {
      const component = parseComponent(raw)
      assert.ok(component)
      assert.deepEqual(kickedFor(component, 'Bot'), {
        reason: `kicked: ${reason}`,
        component,
        ...(remedy && { remedy: REMEDIES[remedy] }),
      })
    })

  it('without any words is one, too', () => {
    assert.deepEqual(kickedFor(undefined, 'Bot'), { reason: 'kicked: no reason given' })
  })
})

describe('one line', () => {
  it('has no control character and at most 200 characters, whatever the text', () => {
    const parts = fc.constantFrom(
      '\n',
      '\r',
      '\u001b[31m',
      '§c',
      '§',
      '📦',
      '\u202e',
      '\u0000',
      '\u009f',
      '\ud83d',
      '\ufeff',
      '\u2028',
      'x'.repeat(150),
      ' ',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(parts, fc.string()), { maxLength: 8 }), pieces => {
        const line = oneLine(pieces.join(''))
        assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        assert.ok([...line].length <= 200)
        assert.equal(line, line.trim())
      }),
    )
  })

  it('is cut on a character’s boundary, and says so', () => {
    assert.equal(oneLine('📦'.repeat(200)), '📦'.repeat(200))
    assert.equal(oneLine('📦'.repeat(201)), `${'📦'.repeat(199)}…`)
  })

  it('is no work, however long the text', () => {
    const begun = performance.now()
    assert.equal([...oneLine('§\n'.repeat(1_000_000) + 'x'.repeat(1_000_000))].length, 200)
    assert.ok(performance.now() - begun < 10_000)
  })
})

describe('a fault of a connection', () => {
  it('has words, where it has several addresses or none of its own', () => {
    const refused = Object.assign(new Error(''), { code: 'ECONNREFUSED' })
    assert.equal(messageOf(new Error('boom')), 'boom')
    assert.equal(messageOf(refused), 'ECONNREFUSED')
    const first = new Error('connect ECONNREFUSED ::1:25565')
    assert.equal(messageOf(new AggregateError([first, refused])), 'connect ECONNREFUSED ::1:25565')
    assert.equal(messageOf(Object.assign(new AggregateError([]), { code: 'E' })), 'E')
    assert.equal(messageOf(new Error('')), 'connection error')
  })
})
