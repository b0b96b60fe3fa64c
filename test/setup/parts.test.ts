import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { parseConfig } from '../../src/config.ts'
import { PROVIDER_TYPES } from '../../src/delivery/catalog.ts'
import { resolveEndpoints } from '../../src/delivery/endpoint.ts'
import { EVENT_NAMES } from '../../src/event.ts'
import { offsetAt, zoneNameOf, zoneOffsetOf } from '../../src/setup/logfile.ts'
import { parseMcdrConfig, playersAtLevel } from '../../src/setup/mcdr.ts'
import { adoptNotification, ownNotification } from '../../src/setup/notification.ts'
import { blacklistLine, isBlacklisted, parsePrimeBackupConfig } from '../../src/setup/primebackup.ts'
import { parseProperties } from '../../src/setup/properties.ts'
import { faultOf, SERVICES } from '../../src/setup/service.ts'
import { localeLanguage } from '../../src/setup/wording.ts'
import { writeNew } from '../../src/setup/write.ts'
import { fc } from '../fake/property.ts'

const HOUR_MS = 3_600_000

describe("MCDReforged's files", () => {
  it('tell the language, also where it is another Chinese, and none where it is a third', () => {
    const languageOf = (language: string) =>
      parseMcdrConfig(`language: ${language}\nworking_directory: server\nhandler: vanilla_handler\n`)
        ?.language
    assert.deepEqual(['zh_cn', 'zh_tw', 'en_us', 'fr_fr'].map(languageOf), [
      'zh_cn',
      'zh_cn',
      'en_us',
      undefined,
    ])
  })

  it('tell who has a level, or a higher one, each once', () => {
    const text = 'default_level: user\nowner:\n- Steve\nadmin:\n- Alex\n- Steve\nhelper:\nuser:\n- 1234\n'
    assert.deepEqual(playersAtLevel(text, 4), ['Steve'])
    assert.deepEqual(playersAtLevel(text, 3), ['Alex', 'Steve'])
    assert.deepEqual(playersAtLevel(': [', 0), [])
  })
})

describe('server.properties', () => {
  it('has vanilla’s defaults where a key is left out, empty or odd', () => {
    const defaults = {
      port: 25_565,
      onlineMode: true,
      whitelist: false,
      secureProfile: true,
      answersStatus: true,
    }
    for (const text of [
      '',
      'server-port=\nonline-mode=\nserver-ip=\n',
      'server-port=99999\n# online-mode=false\n',
    ])
      assert.deepEqual(parseProperties(text), defaults)
  })

  it('is read with blanks, colons, escapes and Windows’ line ends', () => {
    assert.deepEqual(
      parseProperties(
        'server-port: 25570\r\n online-mode = FALSE \r\nserver-ip=10.0.0.1\r\nmotd=a\\:b\\=c\r\n',
      ),
      {
        port: 25_570,
        ip: '10.0.0.1',
        onlineMode: false,
        whitelist: false,
        secureProfile: true,
        answersStatus: true,
      },
    )
  })
})

describe("Prime Backup's blacklist", () => {
  it('has the bot in it, after the line that is told was written, whatever stood there and whatever its name', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.stringMatching(/^\S{1,16}$/), (blacklist, name) => {
        const written = JSON.parse(`{${blacklistLine(name, blacklist)}}`).require_online_players_blacklist
        assert.deepEqual(written.slice(0, -1), blacklist)
        assert.ok(isBlacklisted(name, written))
      }),
    )
  })

  it('is matched as Prime Backup does: the whole name, whatever the case', () => {
    assert.ok(isBlacklisted('Bot_1', ['bot_.*']))
    assert.ok(!isBlacklisted('Robot_1', ['bot_.*']))
    assert.ok(!isBlacklisted('Bot_1', ['bot_']))
  })

  it('is read of any JSON without a fault', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        parsePrimeBackupConfig(JSON.stringify(value))
        parsePrimeBackupConfig(
          JSON.stringify({ scheduled_backup: value, command: value, notification: value }),
        )
      }),
    )
  })
})

describe("the fork's notifications", () => {
  const endpoint = {
    enabled: true,
    name: 'hook',
    type: 'webhook',
    url: 'https://example.com/',
    timeout: '5s',
    retry_times: 1,
  }

  it('are taken over without what only repeats its defaults', () => {
    const block = { enabled: false, language: 'en_us', events: [...EVENT_NAMES], endpoints: [endpoint] }
    assert.deepEqual(adoptNotification(block, 'zh_cn'), {
      enabled: true,
      language: 'zh_cn',
      endpoints: [{ name: 'hook', url: 'https://example.com/' }],
    })
  })

  it('send the same to the same place afterwards', () => {
    const block = {
      enabled: true,
      language: 'zh_cn',
      events: ['BACKUP_FAILURE'],
      endpoints: [{ ...endpoint, headers: { 'X-A': 'b' } }],
    }
    const resolved = [block, adoptNotification(block, 'zh_cn')].map(notification => {
      const { endpoints } = resolveEndpoints(
        parseConfig(JSON.stringify({ servers: [{}], notification }), 'x', {}).notification,
      )
      return endpoints.map(({ target, events, language, timeoutMs, provider }) => ({
        target,
        events,
        language,
        timeoutMs,
        type: provider.type,
      }))
    })
    assert.deepEqual(resolved[1], resolved[0])
  })

  it('are none where no endpoint is on and leads anywhere', () => {
    for (const endpoints of [[], undefined, 'x', [{ url: '' }], [{ ...endpoint, enabled: false }], [null]])
      assert.equal(adoptNotification({ enabled: true, endpoints }, 'en_us'), undefined)
  })

  it('keep a text that looks like a variable', () => {
    const block = {
      endpoints: [{ ...endpoint, type: 'bark', bark: { device_key: 'k', title: `costs \${5}` } }],
    }
    const notification = adoptNotification(block, 'en_us')
    const config = parseConfig(JSON.stringify({ servers: [{}], notification }), 'x', {})
    assert.partialDeepStrictEqual(config.notification.endpoints, [{ bark: { title: `costs \${5}` } }])
  })
})

describe('a service', () => {
  const [bark, serverchan, webhook] = SERVICES
  assert.ok(bark && serverchan && webhook)

  it('is a provider that there is, and makes a valid endpoint of its answer and of its variable', () => {
    for (const service of SERVICES) {
      assert.ok(PROVIDER_TYPES.includes(service.type))
      const answer = service.wantsUrl ? 'https://hc-ping.com/0b1c2d3e' : 'SCT1key'
      for (const given of [answer, `\${${service.variable}}`]) {
        const notification = ownNotification('en_us', [service.endpoint(given)])
        const config = parseConfig(JSON.stringify({ servers: [{}], notification }), 'x', {
          [service.variable]: answer,
        })
        const { endpoints } = resolveEndpoints(config.notification)
        assert.equal(endpoints[0]?.provider.type, service.type)
        assert.ok(URL.canParse(endpoints[0]?.target.url ?? ''))
      }
    }
  })

  it('takes what its app shows, as it is copied', () => {
    assert.deepEqual(bark.endpoint('https://api.day.app/KEY/Hello?x=1').bark, { device_key: 'KEY' })
    assert.partialDeepStrictEqual(bark.endpoint('https://bark.example.com/KEY/'), {
      url: 'https://bark.example.com/push',
      bark: { device_key: 'KEY' },
    })
    assert.deepEqual(bark.endpoint('KEY').bark, { device_key: 'KEY' })
    assert.deepEqual(serverchan.endpoint('https://sctapi.ftqq.com/SCT1.send?title=x').serverchan, {
      sendkey: 'SCT1',
    })
    assert.deepEqual(serverchan.endpoint('https://9.push.ft07.com/send/sctp9t1.send').serverchan, {
      sendkey: 'sctp9t1',
    })
  })

  it('takes no answer that is none', () => {
    for (const answer of ['', '  ', 'two words', 'a\nb', '"KEY"', '<KEY>', 'ＫＥＹ', 'a\u200bb'])
      assert.ok(faultOf(answer, bark))
    for (const answer of ['example.com', 'ftp://example.com/', 'KEY']) assert.ok(faultOf(answer, webhook))
    for (const answer of ['KEY', ' KEY\n', 'https://api.day.app/KEY/'])
      assert.equal(faultOf(answer, bark), undefined)
    assert.equal(faultOf('http://127.0.0.1:1/', webhook), undefined)
  })
})

describe('a zone', () => {
  it('is known by the log’s last time and when that was written, for every zone and time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -56, max: 56 }),
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 0, max: 60_000 }),
        (quarters, at, late) => {
          const offset = quarters * 15 * 60_000
          const lastTime = new Date(at + offset).toISOString().replace('T', ' ').replace('Z', '')
          assert.equal(zoneOffsetOf({ lastTime, writtenAt: at + late }), offset)
          assert.equal(offsetAt(at, zoneNameOf(offset)), offset)
        },
      ),
    )
  })

  it('is not known of a copy, or of a clock that is wrong', () => {
    const lastTime = '2026-11-25 00:00:00'
    for (const wrong of [7 * 60_000, 30 * HOUR_MS, -20 * HOUR_MS])
      assert.equal(zoneOffsetOf({ lastTime, writtenAt: Date.UTC(2026, 10, 25) + wrong }), undefined)
    assert.equal(zoneOffsetOf({ writtenAt: 0 }), undefined)
  })
})

describe('a locale', () => {
  it('counts as POSIX has it, and not at all where it is none', () => {
    for (const [env, language] of [
      [{ LANG: 'zh_CN.UTF-8' }, 'zh_cn'],
      [{ LANG: 'zh_TW' }, 'zh_cn'],
      [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'en_US.UTF-8' }, 'en_us'],
      [{ LANG: 'en_US.UTF-8', LC_MESSAGES: 'zh_CN.UTF-8' }, 'zh_cn'],
      [{ LANG: 'zh_CN.UTF-8', LC_ALL: '' }, 'zh_cn'],
      [{ LANG: 'de_DE.UTF-8' }, 'en_us'],
      [{ LANG: 'C.UTF-8' }, undefined],
      [{ LC_ALL: 'POSIX', LANG: 'zh_CN' }, undefined],
      [{}, undefined],
    ] as const)
      assert.equal(localeLanguage(env), language)
  })
})

describe('a new file', () => {
  const root = mkdtempSync(join(tmpdir(), 'pb-write-'))
  after(() => rmSync(root, { recursive: true }))

  it('is whole, for its owner alone, and leaves no draft', () => {
    const file = join(root, 'new')
    const before = process.umask(0)
    writeNew(file, 'text')
    process.umask(before)
    assert.equal(readFileSync(file, 'utf8'), 'text')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(root), ['new'])
  })

  it('is never written over another, nor through a link', () => {
    const file = join(root, 'link')
    symlinkSync(join(root, 'elsewhere'), file)
    for (const name of [file, join(root, 'new')])
      assert.throws(() => writeNew(name, 'other'), { code: 'EEXIST' })
    assert.equal(existsSync(join(root, 'elsewhere')), false)
    assert.equal(readFileSync(join(root, 'new'), 'utf8'), 'text')
    assert.deepEqual(readdirSync(root).sort(), ['link', 'new'])
  })
})
