import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type Figures, judge } from './judge.ts'
import { add, live, type Story } from './year.ts'

const SEED = 1
const DAYS = 60
const SERVERS = [2, 3, 4, 5, 7, 9]

describe('a simulated season of several servers', () => {
  const stories: Story[] = []
  let total: Figures | undefined
  let faults: string[] = []

  before(async () => {
    for (const index of SERVERS) {
      const story = await live(SEED, index, DAYS)
      const verdict = judge(story)
      stories.push(story)
      faults = [...faults, ...verdict.faults]
      total = add(total, verdict.figures)
    }
  })

  it('ends with every failure, hang and absence told in time, and each event at its endpoints', () => {
    assert.deepEqual(faults, [])
    assert.ok(total)
    assert.ok(total.failures > 10 && total.hangs > 0 && total.told > 1, JSON.stringify(total))
  })

  it('has no false alarm', () => {
    assert.equal(total?.falseAlarms, 0)
    assert.ok((total?.notices ?? 0) > 5)
  })

  it('has at most one message in a week in which nothing is wrong, where only problems are told', () => {
    assert.ok((total?.quietWeeks ?? 0) > 5)
    assert.ok((total?.quietMost ?? 2) <= 1)
  })

  it('is judged by somebody who sees what is left out, what is late, and what is made up', () => {
    const story = stories.find(({ truth }) => truth.absences.length > 0 && truth.backups.some(isFailed))
    assert.ok(story)
    const { told } = story
    const faultsWith = (change: Partial<Story['told']>) =>
      judge({ ...story, told: { ...told, ...change } }).faults
    assert.deepEqual(faultsWith({}), [])
    const withoutNotices = told.received.filter(({ payload }) => payload.code === undefined)
    assert.ok(faultsWith({ received: withoutNotices }).some(line => line.includes('absence')))
    const withoutFailures = told.received.filter(({ payload }) => payload.event !== 'backup_failure')
    assert.ok(
      faultsWith({ received: withoutFailures }).some(line => line.includes('backup was told at never')),
    )
    const late = told.received.map(one => ({ ...one, at: one.at + 86_400_000 }))
    assert.ok(faultsWith({ received: late }).length > 10)
    const alarm = told.committed.find(({ event }) => event.notice?.code === 'backup_overdue')
    assert.ok(alarm)
    const at = story.plan.from + 2 * 86_400_000
    const madeUp = { at, event: { ...alarm.event, id: 'made up', at } }
    assert.ok(
      faultsWith({ committed: [...told.committed, madeUp] }).some(line => line.startsWith('false alarm')),
    )
  })

  it('is the same with the same seed', async () => {
    const index = SERVERS[1] ?? 0
    const again = await live(SEED, index, DAYS)
    assert.deepEqual(again.told.received, stories[1]?.told.received)
  })
})

function isFailed({ outcome }: Story['truth']['backups'][number]): boolean {
  return outcome === 'raised' || outcome === 'timed_out'
}
