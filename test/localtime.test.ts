import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { epochOf, isTimeZone, localText } from '../src/localtime.ts'
import { fc } from './fake/property.ts'

const ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Shanghai'] as const

const HOUR_MS = 3_600_000

describe('a local time', () => {
  it('is that of the zone, summer and winter', () => {
    const winter = Date.UTC(2026, 10, 25, 1, 2, 3, 999)
    const summer = Date.UTC(2026, 6, 1, 23, 0, 0)
    const table: [zone: string, winter: string, summer: string][] = [
      ['Europe/Berlin', '2026-11-25 02:02:03', '2026-07-02 01:00:00'],
      ['America/New_York', '2026-11-24 20:02:03', '2026-07-01 19:00:00'],
      ['Asia/Shanghai', '2026-11-25 09:02:03', '2026-07-02 07:00:00'],
      ['+05:30', '2026-11-25 06:32:03', '2026-07-02 04:30:00'],
    ]
    for (const [zone, inWinter, inSummer] of table) {
      assert.equal(localText(winter, zone), inWinter)
      assert.equal(localText(summer, zone), inSummer)
      assert.equal(epochOf(`${inWinter}.999`, zone), winter)
      assert.equal(epochOf(inSummer, zone), summer)
    }
  })

  it('is that of the machine where no zone is named', () => {
    const at = new Date(2026, 2, 4, 5, 6, 7)
    assert.equal(localText(at.getTime()), '2026-03-04 05:06:07')
    assert.equal(epochOf('2026-03-04 05:06:07', undefined), at.getTime())
  })

  it('takes the digits after the point for a number of milliseconds, padded or not', () => {
    const second = Date.UTC(2026, 10, 25)
    const table: [fraction: string, ms: number][] = [
      ['', 0],
      ['.5', 5],
      ['.39', 39],
      ['.396', 396],
      ['.005', 5],
      ['.643221608', 643],
    ]
    for (const [fraction, ms] of table)
      assert.equal(epochOf(`2026-11-25 00:00:00${fraction}`, 'UTC'), second + ms, fraction)
  })

  it('is none where the text is no such date', () => {
    for (const text of [
      '',
      'yesterday',
      '2026-11-25',
      '2026-11-25T00:00:00',
      '2026-11-25 00:00',
      '2026-11-25 00:00:00 ',
      ' 2026-11-25 00:00:00',
      '2026-11-25 00:00:00.',
      '2026-11-25 00:00:00,5',
      '2026-11-25 00:00:00Z',
      '2026-11-25 00:00:60',
      '2026-11-25 00:60:00',
      '2026-11-25 24:00:00',
      '2026-13-01 00:00:00',
      '2026-00-01 00:00:00',
      '2026-02-29 00:00:00',
      '2026-11-31 00:00:00',
      '26-11-25 00:00:00',
    ])
      assert.equal(epochOf(text, 'Europe/Berlin'), undefined, text)
    assert.equal(epochOf('2028-02-29 00:00:00', 'UTC'), Date.UTC(2028, 1, 29))
  })

  it('comes back from its text at every moment, also from an hour that exists twice', () => {
    const change = fc.constantFrom(
      Date.UTC(2026, 2, 29, 1),
      Date.UTC(2026, 9, 25, 1),
      Date.UTC(2026, 2, 8, 7),
      Date.UTC(2026, 10, 1, 6),
    )
    const nearChange = fc
      .tuple(change, fc.integer({ min: -3 * HOUR_MS, max: 3 * HOUR_MS }))
      .map(([at, offMs]) => at + offMs)
    const anyTime = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) })
    fc.assert(
      fc.property(fc.oneof(nearChange, anyTime), fc.constantFrom(...ZONES), (at, zone) => {
        const text = localText(at, zone)
        const second = at - (at % 1000)
        assert.equal(epochOf(text, zone, at), second)
        assert.equal(epochOf(`${text}.${at % 1000}`, zone, at), at)
        const first = epochOf(text, zone) ?? Number.NaN
        assert.ok(first === second || first === second - HOUR_MS)
        assert.equal(localText(first, zone), text)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('an hour that exists twice', () => {
  const table = [
    { zone: 'Europe/Berlin', text: '2026-10-25 02:30:00', first: Date.UTC(2026, 9, 25, 0, 30) },
    { zone: 'America/New_York', text: '2026-11-01 01:30:00', first: Date.UTC(2026, 10, 1, 5, 30) },
  ]

  it('is read as the first that is not before what is known to be earlier', () => {
    for (const { zone, text, first } of table) {
      const second = first + HOUR_MS
      assert.equal(localText(first, zone), text)
      assert.equal(localText(second, zone), text)
      assert.equal(epochOf(text, zone), first)
      assert.equal(epochOf(text, zone, first - HOUR_MS), first)
      assert.equal(epochOf(text, zone, first), first)
      assert.equal(epochOf(text, zone, first + 1000), first)
      assert.equal(epochOf(text, zone, first + 1001), second)
      assert.equal(epochOf(text, zone, second), second)
    }
  })

  it('is read as the later one where both are earlier', () => {
    for (const { zone, text, first } of table)
      assert.equal(epochOf(text, zone, first + 5 * HOUR_MS), first + HOUR_MS)
  })
})

it('a time that the clock jumped over is read as if it had not jumped', () => {
  const table = [
    {
      zone: 'Europe/Berlin',
      text: '2026-03-29 02:30:00.7',
      at: Date.UTC(2026, 2, 29, 1, 30, 0, 7),
      shown: '2026-03-29 03:30:00',
    },
    {
      zone: 'America/New_York',
      text: '2026-03-08 02:30:00',
      at: Date.UTC(2026, 2, 8, 7, 30),
      shown: '2026-03-08 03:30:00',
    },
  ]
  for (const { zone, text, at, shown } of table) {
    assert.equal(epochOf(text, zone), at)
    assert.equal(epochOf(text, zone, at - 10 * HOUR_MS), at)
    assert.equal(localText(at, zone), shown)
  }
})

it('a zone is one that the machine knows, by name or offset', () => {
  for (const name of [...ZONES, 'UTC', 'asia/shanghai', '+08:00']) {
    assert.equal(isTimeZone(name), true, name)
    localText(0, name)
  }
  for (const name of ['', 'Mars/Phobos', 'Z', '+25:00', '2020-01-01T00:00Z[Europe/Berlin]'])
    assert.equal(isTimeZone(name), false, name)
})
