import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { escapeMarkdown } from '../../src/delivery/markdown.ts'
import { renderTitle, toMessage } from '../../src/delivery/message.ts'
import { toPayload } from '../../src/delivery/payload.ts'
import { clip, clipBytes, formatBytes, plain } from '../../src/delivery/plain.ts'
import { EVENT_NAMES, type EventName } from '../../src/event.ts'
import { LANGUAGES } from '../../src/language.ts'
import { fc } from '../fake/property.ts'
import { endpointsOf, fullEvent, only, PLUGIN } from './fixture.ts'

/** Text with what could mean something to Markdown, to Minecraft or to a terminal. */
const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom('[x](y)', '![i](u)', '<b>', '`', '**', '@all', 'https://e.x', 'www.e.x', 'mailto:a@b'),
      fc.constantFrom('\n# h', '\r\n', '§c', '§', '\\', '\ud83d', '\u202e', '&lt;', '|', '~~', '😀'),
    ),
    { maxLength: 80, size: 'max' },
  )
  .map(parts => parts.join(''))

const eventName = fc.constantFrom<EventName>(...EVENT_NAMES)
const language = fc.constantFrom(...LANGUAGES)
const nastyEvent = fc
  .record({ name: eventName, server: nasty, comment: nasty, who: nasty, message: nasty })
  .map(({ name, server, comment, who, message }) =>
    fullEvent(name, {
      server,
      backup: { id: 1, comment, creator: who, date: who },
      operator: { type: 'player', name: who },
      source: { type: who, name: '' },
      message,
      error: { type: who, message },
    }),
  )

describe('escaping for Markdown', () => {
  it('leaves no mark that means anything, whatever was written', () => {
    fc.assert(
      fc.property(nasty, text => {
        const rest = escapeMarkdown(plain(text)).replace(/\\[\\`*_{}[\]()<>#!|~&$^=]/g, '')
        assert.doesNotMatch(rest, /[\\`*_{}[\]()<>#!|~&$^=]|:\/\/|www\.|mailto:|@[^\u200b]|@$|[\r\n]/i)
      }),
    )
  })

  it('is read back as what was written', () => {
    fc.assert(
      fc.property(nasty, text => {
        const line = plain(text).replaceAll('\u200b', '')
        const read = escapeMarkdown(line).replaceAll('\u200b', '').replace(/\\(.)/g, '$1')
        assert.equal(read, line)
      }),
    )
  })
})

describe('a message', () => {
  it('keeps each fact on one line of its own, whatever was written', () => {
    fc.assert(
      fc.property(nastyEvent, language, (event, language) => {
        const { title, body, desp } = toMessage(event, language)
        assert.doesNotMatch(title, /[\p{Cc}§]/u)
        for (const line of body.split('\n')) assert.match(line, /^\p{L}+: [^\p{Cc}§]+$/u)
        for (const line of desp.split('\n')) assert.match(line, /^- \*\*\p{L}+\*\*: [^\p{Cc}§]+$/u)
        assert.equal(body.split('\n').length, desp.split('\n').length)
        assert.ok((title + body + desp).isWellFormed())
      }),
    )
  })

  it('fits ServerChan, whatever was written', () => {
    const { provider, target } = only(endpointsOf({ type: 'serverchan', serverchan: { sendkey: 'SCT1' } }))
    fc.assert(
      fc.property(nastyEvent, language, (event, language) => {
        const payload = toPayload(event, { plugin: PLUGIN, language })
        const sent = JSON.parse(
          provider.request({ event, language, payload, deliveryId: event.id }, target, { now: 0 }).body ?? '',
        )
        assert.ok(sent.title.length > 0 && sent.title.length <= 32)
        assert.doesNotMatch(sent.title, /[\r\n]/)
        assert.ok(sent.title.isWellFormed())
        assert.ok(Buffer.byteLength(sent.desp) <= 32 * 1024)
      }),
    )
  })

  it('fits Bark, whatever was written', () => {
    const { provider, target } = only(
      endpointsOf({ type: 'bark', bark: { device_key: 'k', markdown: true, icon: 'https://e.x/i.png' } }),
    )
    fc.assert(
      fc.property(nastyEvent, language, (event, language) => {
        const payload = toPayload(event, { plugin: PLUGIN, language })
        const body =
          provider.request({ event, language, payload, deliveryId: event.id }, target, { now: 0 }).body ?? ''
        assert.ok(Buffer.byteLength(body) <= 4000)
        assert.ok(JSON.parse(body).markdown.length > 0)
      }),
    )
  })

  it('has a title within any limit', () => {
    fc.assert(
      fc.property(nastyEvent, language, fc.integer({ min: 1, max: 64 }), (event, language, longest) => {
        const title = renderTitle(event, language, { longest })
        assert.ok(title.length <= longest)
        assert.ok(title.isWellFormed())
      }),
    )
  })
})

describe('cutting', () => {
  it('never splits a character nor exceeds its limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, longest) => {
        assert.ok(clip(text, longest).length <= longest)
        assert.ok(clip(text, longest).isWellFormed())
        assert.ok(Buffer.byteLength(clipBytes(text, longest)) <= longest)
        assert.ok(text.startsWith(clipBytes(text, longest).replace(/…$/u, '')))
      }),
    )
  })

  it('leaves what fits', () => {
    assert.equal(clip('abc', 3), 'abc')
    assert.equal(clipBytes('备份', 6), '备份')
    assert.equal(clip('abcd', 3), 'ab…')
    assert.equal(clipBytes('备份备份', 9), '备份…')
  })
})

describe('a size', () => {
  it('has the units of Prime Backup', () => {
    assert.deepEqual([0, 1023, 1024, 387022, 1916073, 5 * 1024 ** 3, 3 * 1024 ** 5].map(formatBytes), [
      '0 B',
      '1023 B',
      '1.00 KiB',
      '377.95 KiB',
      '1.83 MiB',
      '5.00 GiB',
      '3072.00 TiB',
    ])
  })
})
