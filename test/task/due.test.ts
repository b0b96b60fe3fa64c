import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { LifecycleEvent } from '../../src/event.ts'
import {
  initialState,
  type LifecycleState,
  lifecycleSchema,
  observe,
  shiftTimes,
  tick,
  watchSchema,
} from '../../src/lifecycle.ts'
import type { Due, Fact, Observation, Source } from '../../src/observation.ts'
import { observeLog } from '../../src/observe.ts'
import { parseMessage } from '../../src/primebackup/messages.ts'
import { recordsIn } from '../fake/mcdr.ts'

const HOUR = 3_600_000
const OPTIONS = { ...lifecycleSchema.parse({}), watch: watchSchema.parse({}) }

type Step = [hours: number, fact: Fact, source?: Source]

/** A story in hours; between two facts time passes as it does for the tracker. */
function tell(steps: Step[], untilHours: number, options = OPTIONS) {
  let state: LifecycleState = initialState('survival')
  const events: LifecycleEvent[] = []
  const take = (step: { state: LifecycleState; events: LifecycleEvent[] }) => {
    state = JSON.parse(JSON.stringify(step.state))
    events.push(...step.events)
  }
  for (const [hours, fact, source = 'chat'] of steps) {
    if (source === state.lead.by) take(tick(state, hours * HOUR - 1, options))
    take(observe(state, { ...fact, at: hours * HOUR, source } as Observation, options))
  }
  take(tick(state, untilHours * HOUR, options))
  return events.flatMap(({ notice, at, extra }) =>
    notice ? [{ code: notice.code, hours: at / HOUR, text: notice.text, extra }] : [],
  )
}

const codes = (told: ReturnType<typeof tell>) => told.map(({ code, hours }) => [code, hours])

function due(hours: number, { sure = true } = {}): { next: string; due: Due } {
  return { next: '2026-11-25 00:27:02', due: { inMs: hours * HOUR, slackMs: sure ? 0 : HOUR, sure } }
}
const attached: Fact = { type: 'attached' }
const detached: Fact = { type: 'detached' }
const triggered: Fact = { type: 'schedule_triggered' }
const next = (hours: number, options?: { sure: boolean }): Fact => ({
  type: 'schedule_completed',
  ...due(hours, options),
})
const reset = (hours: number): Fact => ({ type: 'timer_reset', ...due(hours) })

/** A schedule that ran at these hours, each time naming the next. */
function ran(hours: number[], every: number, source?: Source): Step[] {
  return hours.flatMap((at): Step[] => [
    [at, triggered, source],
    [at, next(every), source],
  ])
}

/** A log of MCDR's that is followed, with a server that runs. */
const followed: Step[] = [
  [0, { type: 'log_readable', readable: true, heard: true }, 'log'],
  [0, { type: 'server_process', running: true }, 'log'],
]

describe('a scheduled backup that does not come', () => {
  it('is told once, a quarter of an hour after the date that Prime Backup named', () => {
    const told = tell([[0, attached], ...ran([1], 6)], 100)
    assert.deepEqual(codes(told), [['backup_overdue', 7.25]])
    assert.deepEqual(told[0]?.text, {
      en_us: 'a scheduled backup is 15 min overdue; see whether Prime Backup and its schedule still run',
      zh_cn: '定时备份已逾期 15 分；请检查 Prime Backup 及其定时任务是否仍在运行',
    })
    assert.deepEqual(told[0]?.extra, {
      due: '1970-01-01T07:00:00.000Z',
      reckoned: false,
      last_success: null,
    })
  })

  it('is told from the log too, where chat is silent', () => {
    assert.deepEqual(codes(tell([...followed, ...ran([1], 6, 'log')], 100)), [['backup_overdue', 7.25]])
  })

  it('is told after the grace that the config gives, or not at all', () => {
    const patient = { ...OPTIONS, watch: watchSchema.parse({ grace: '2h' }) }
    const silent = { ...OPTIONS, watch: watchSchema.parse({ overdue: false }) }
    const story: Step[] = [[0, attached], ...ran([1], 6)]
    assert.deepEqual(codes(tell(story, 100, patient)), [['backup_overdue', 9]])
    assert.deepEqual(tell(story, 100, silent), [])
  })

  it('is told again after one has come', () => {
    const told = tell([[0, attached], ...ran([1], 6), ...ran([20.1], 6)], 100)
    assert.deepEqual(codes(told), [
      ['backup_overdue', 7.25],
      ['backup_overdue', 26.35],
    ])
  })

  it('is measured from the last date that was named: a manual backup moves it', () => {
    const told = tell([[0, attached], ...ran([1], 6), [5, reset(6)]], 100)
    assert.deepEqual(codes(told), [['backup_overdue', 11.25]])
  })

  it('says who typed that the schedule pause, since nobody can say whether it did', () => {
    const pause: Fact = { type: 'command', player: 'Steve', words: 'crontab schedule_backup pause' }
    const told = tell([[0, attached], ...ran([1], 6), [2, pause]], 100)
    assert.deepEqual(codes(told), [['backup_overdue', 7.25]])
    assert.equal(told[0]?.extra?.pause_asked_by, 'Steve')
  })
})

describe('nothing is overdue', () => {
  it('while backups come in time, or late within the grace', () => {
    assert.deepEqual(tell([[0, attached], ...ran([1, 7.2, 13, 19.1], 6)], 25), [])
  })

  it('where no date was ever named', () => {
    assert.deepEqual(
      tell(
        [
          [0, attached],
          [1, triggered],
        ],
        1000,
      ),
      [],
    )
  })

  it('where the schedule was paused, in the log or by what stands for the date', () => {
    const paused: Step = [2, { type: 'schedule_paused' }, 'log']
    assert.deepEqual(tell([...followed, ...ran([1], 6, 'log'), paused], 1000), [])
    const shown: Step[] = [
      [0, attached],
      [1, triggered],
      [1, { type: 'schedule_completed', next: 'Paused' }],
    ]
    assert.deepEqual(tell(shown, 1000), [])
  })

  it('but is again after it was resumed', () => {
    const resumed: Fact = { type: 'schedule_resumed', ...due(6) }
    const story: Step[] = [
      ...followed,
      ...ran([1], 6, 'log'),
      [2, { type: 'schedule_paused' }, 'log'],
      [30, resumed, 'log'],
    ]
    assert.deepEqual(codes(tell(story, 1000)), [['backup_overdue', 36.25]])
  })

  it('where the server was down when it was due, or the bot was away', () => {
    const down: Step[] = [
      [6, { type: 'server_process', running: false }, 'log'],
      [8, { type: 'server_process', running: true }, 'log'],
    ]
    assert.deepEqual(tell([...followed, ...ran([1], 6, 'log'), ...down], 1000), [])
    assert.deepEqual(tell([[0, attached], ...ran([1], 6), [2, detached]], 1000), [])
    assert.deepEqual(tell([[0, attached], ...ran([1], 6), [2, detached], [3, attached]], 1000), [])
  })

  it('while a backup still runs', () => {
    const story: Step[] = [[0, attached], [0.5, { type: 'backup_started' }], ...ran([1], 0.25)]
    assert.deepEqual(codes(tell(story, 1.55)), [])
  })

  it('where the plugin was unloaded, or loaded anew, which begins its timer anew', () => {
    const unloaded: Step = [2, { type: 'scheduler', running: false }, 'log']
    assert.deepEqual(tell([...followed, ...ran([1], 6, 'log'), unloaded], 1000), [])
    const reload: Step = [5, { type: 'reload_asked' }]
    assert.deepEqual(tell([[0, attached], ...ran([1], 6), reload], 1000), [])
  })

  it('where the log says that the schedule rests, because nobody is online', () => {
    const inLog: Step[] = [...followed, ...ran([1], 6, 'log'), [7, { type: 'schedule_rested' }, 'log']]
    assert.deepEqual(tell(inLog, 1000), [])
  })
})

describe('where the schedule rests while nobody is online, and pings tell of that', () => {
  const rests = { ...OPTIONS, watch: watchSchema.parse({ restWhenEmpty: true }) }
  const awake = (hours: number, is = true): Step => [hours, { type: 'schedule_awake', awake: is, anew: true }]
  const known: Step[] = [...followed, ...ran([1, 7, 13], 6, 'log')]

  it('a backup is overdue where players were online when it was due', () => {
    assert.deepEqual(codes(tell([...known, awake(18.99)], 1000, rests)), [['backup_overdue', 19.25]])
  })

  it('it is not where nobody was, or nobody asked; the next is expected a wait after that', () => {
    assert.deepEqual(tell(known, 1000, rests), [])
    assert.deepEqual(tell([...known, awake(18.99, false)], 1000, rests), [])
    assert.deepEqual(tell([...known, awake(19.01)], 24, rests), [])
    const later = tell([...known, awake(18.99, false), awake(24.99)], 1000, rests)
    assert.deepEqual(codes(later), [['backup_overdue', 25 + 1.25 + 0.6 + 0.25]])
  })

  it('from a time at which nobody knows when it is due, players must be there for a whole wait', () => {
    const away: Step[] = [
      [14, { type: 'log_readable', readable: false }, 'log'],
      [15, { type: 'log_readable', readable: true }, 'log'],
      awake(15, false),
      awake(18),
    ]
    assert.deepEqual(codes(tell([...known, ...away], 1000, rests)), [['backup_overdue', 18 + 8.1]])
    assert.deepEqual(tell([...known, ...away, awake(23, false)], 1000, rests), [])
  })
})

describe('where nobody names the next date', () => {
  const known: Step[] = [...followed, ...ran([1, 7, 13], 6, 'log')]

  it('the longest wait of late bounds it, with an hour for daylight saving', () => {
    const rested: Step = [19, { type: 'schedule_rested' }, 'log']
    const told = tell([...known, rested], 1000)
    // 6 h, 75 min, a tenth of the wait, and the grace.
    assert.deepEqual(codes(told), [['backup_overdue', 19 + 6 + 1.25 + 0.6 + 0.25]])
    assert.equal(told[0]?.extra?.reckoned, true)
  })

  it('a schedule that is loaded anew may be another one: it is given a weekend of three days', () => {
    const loaded: Step[] = [
      [14, { type: 'scheduler', running: false }, 'log'],
      [15, { type: 'scheduler', running: true }, 'log'],
    ]
    const told = tell([...known, ...loaded], 1000)
    assert.deepEqual(codes(told), [['backup_overdue', 15 + 72 + 1.25 + 7.2 + 0.25]])
  })

  it('a log that can be read again is expected to show a backup within the wait', () => {
    const away: Step[] = [
      [14, { type: 'log_readable', readable: false }, 'log'],
      [20, { type: 'log_readable', readable: true }, 'log'],
    ]
    assert.deepEqual(codes(tell([...known, ...away], 1000)), [['backup_overdue', 28.1]])
  })

  it('a server that was down in the midst of the wait may have missed it, and is given another', () => {
    const away: Step[] = [
      [14, { type: 'log_readable', readable: false }, 'log'],
      [15, { type: 'log_readable', readable: true }, 'log'],
      [16, { type: 'server_process', running: false }, 'log'],
      [18, { type: 'server_process', running: true }, 'log'],
    ]
    assert.deepEqual(codes(tell([...known, ...away], 1000)), [['backup_overdue', 26.1]])
  })

  it('one that waits a day may wait over a weekend, until three weeks of days are known', () => {
    const days = (count: number) => Array.from({ length: count }, (_, day) => 1 + 24 * day)
    const overdue = (count: number) => {
      const last = 1 + 24 * (count - 1)
      const down: Step[] = [
        [last + 20, { type: 'server_process', running: false }, 'log'],
        [last + 30, { type: 'server_process', running: true }, 'log'],
      ]
      const [first] = codes(tell([...followed, ...ran(days(count), 24, 'log'), ...down], 10_000))
      return Number(first?.[1]) - last - 30
    }
    assert.equal(overdue(4).toFixed(2), (72 + 1.25 + 7.2 + 0.25).toFixed(2))
    assert.equal(overdue(20).toFixed(2), (24 + 1.25 + 2.4 + 0.25).toFixed(2))
  })

  it('a log that comes late tells nothing new of a schedule of which chat has shown more since', () => {
    const pinged: Step = [19.2, { type: 'schedule_awake', awake: false, anew: true }]
    const late: Step[] = [
      [15.5, { type: 'timer_reset', ...due(1) }, 'log'],
      [18.8, { type: 'schedule_rested' }, 'log'],
      [18, { type: 'scheduler', running: true }, 'log'],
      [20, { type: 'log_readable', readable: true }, 'log'],
    ]
    for (const between of [[], [pinged]]) {
      const away: Step[] = [
        [14, attached],
        [15, { type: 'log_readable', readable: false }, 'log'],
        [19.1, triggered],
        [19.1, next(6)],
      ]
      const told = tell([...known, ...away, ...between, ...late], 1000)
      assert.deepEqual(codes(told), [['backup_overdue', 25.35]])
    }
  })

  it('a log that says so whenever the schedule rests is believed before a ping', () => {
    const rested: Step[] = [
      [19, { type: 'schedule_rested' }, 'log'],
      [25, { type: 'schedule_awake', awake: false, anew: true }],
    ]
    const rests = { ...OPTIONS, watch: watchSchema.parse({ restWhenEmpty: true }) }
    assert.deepEqual(codes(tell([...known, ...rested], 1000, rests)), [['backup_overdue', 25 + 2.1]])
  })

  it('a server that is back is expected to have its backup within the wait', () => {
    const story: Step[] = [[0, attached], ...ran([1, 7, 13], 6), [14, detached], [20, attached]]
    assert.deepEqual(codes(tell(story, 1000)), [['backup_overdue', 28.1]])
  })

  it('an evening with the server down moves it on', () => {
    const story: Step[] = [
      ...known,
      [18, { type: 'server_process', running: false }, 'log'],
      [30, { type: 'server_process', running: true }, 'log'],
    ]
    assert.deepEqual(codes(tell(story, 1000)), [['backup_overdue', 38.1]])
  })

  it('Prime Backup that was removed for good is told of once', () => {
    const restarts = [20, 40, 60, 80, 100].flatMap((at): Step[] => [
      [at, detached],
      [at + 0.1, attached],
    ])
    const told = tell([[0, attached], ...ran([1, 7, 13], 6), ...restarts], 1000)
    assert.equal(told.length, 1)
  })
})

describe('a schedule that fires not at all any more', () => {
  /** A night: a short restart at four, and, while the schedule lives, a backup at five. */
  const night = (day: number, alive: boolean): Step[] => [
    [24 * day + 4, detached],
    [24 * day + 4.05, attached],
    ...(alive ? ran([24 * day + 5], 24) : []),
  ]
  const nights = (from: number, to: number, alive: boolean) =>
    Array.from({ length: to - from }, (_, index) => night(from + index, alive)).flat()

  it('is told though a restart each day explains every single date', () => {
    const told = tell([[0, attached], ...nights(0, 10, true), ...nights(10, 40, false)], 960)
    assert.equal(told.length, 1)
    assert.equal(told[0]?.code, 'backup_overdue')
    assert.ok((told[0]?.hours ?? 960) < 17 * 24, String(told[0]?.hours))
  })

  it('is not told while it lives', () => {
    assert.deepEqual(tell([[0, attached], ...nights(0, 40, true)], 40 * 24), [])
  })

  it('can not be kept silent by who types a reload again and again', () => {
    const typed = Array.from({ length: 60 }, (_, index): Step => [15 + 5 * index, { type: 'reload_asked' }])
    const told = tell([[0, attached], ...ran([1, 7, 13], 6), ...typed], 310)
    assert.equal(told.length, 1)
  })
})

describe('a date in another zone', () => {
  it('is not believed before a backup came when one said, on another machine without a zone', () => {
    const unsure = { sure: false }
    const story: Step[] = [
      [0, attached],
      [1, triggered],
      [1, next(6, unsure)],
    ]
    assert.deepEqual(codes(tell(story, 20)), [])
    assert.deepEqual(codes(tell(story, 100)), [['backup_overdue', 7 + 26 + 0.25]])
    const confirmed: Step[] = [...story, [7.1, triggered], [7.1, next(6, unsure)]]
    assert.deepEqual(codes(tell(confirmed, 100)), [['backup_overdue', 13.1 + 1 + 0.25]])
  })

  it('which is set wrong is told of once, and no backup is called overdue for it', () => {
    // What is 8 hours off comes 8 hours after its date, each time.
    const story: Step[] = [[0, attached], ...[1, 15, 29, 43, 57].flatMap(at => ran([at], 6))]
    assert.deepEqual(
      tell(story, 58).map(({ code }) => code),
      ['backup_overdue', 'schedule_unclear'],
    )
  })

  it('does not shorten what is waited where nobody names it: what happens shows how long that is', () => {
    const unsure = { sure: false }
    // Each comes six hours after its date.
    const story = [1, 13, 25, 37, 49].flatMap((at): Step[] => [
      [at, triggered],
      [at, next(6, unsure)],
    ])
    const told = tell([[0, attached], ...story], 1000)
    assert.deepEqual(codes(told), [
      ['schedule_unclear', 25],
      ['backup_overdue', 49 + 12 + 1.25 + 1.2 + 0.25],
    ])
  })

  it('is not suspected because a backup came while the bot was away', () => {
    const away: Step[] = [
      [2, detached],
      [8, attached],
    ]
    const told = tell([[0, attached], ...ran([1], 6), ...away, ...ran([13], 6)], 1000)
    assert.deepEqual(codes(told), [['backup_overdue', 19.25]])
  })

  it('or in the past is told of once', () => {
    const told = tell([[0, attached], ...ran([1, 2, 3], -5)], 1000)
    assert.deepEqual(codes(told), [['schedule_unclear', 1]])
  })
})

describe('a clock that is set', () => {
  it('takes what is due with it', () => {
    let state = initialState('survival')
    const steps: Step[] = [[0, attached], ...ran([1], 6)]
    for (const [hours, fact] of steps)
      state = observe(state, { ...fact, at: hours * HOUR, source: 'chat' } as Observation, OPTIONS).state
    for (const jumped of [-48, 48]) {
      const set = shiftTimes(state, jumped * HOUR)
      assert.deepEqual(tick(set, (7.2 + jumped) * HOUR, OPTIONS).events, [])
      assert.equal(tick(set, (7.26 + jumped) * HOUR, OPTIONS).events.length, 1)
    }
  })
})

describe('the recordings', () => {
  const CORPUS = join(import.meta.dirname, '../fixture/corpus')

  it('give the dates that stand in them', () => {
    let seen = 0
    for (const scenario of ['en_us/scheduled_ok', 'zh_cn/scheduled_ok']) {
      for (const record of recordsIn(readFileSync(join(CORPUS, scenario, 'mcdr.log'), 'utf8'))) {
        const [head = '', ...rest] = record.trimEnd().split('\n')
        const date = /(?:next execution at|下次执行:|Next scheduled backup at|下次定时备份:) (.{19})/.exec(
          head,
        )?.[1]
        if (date === undefined || !head.includes('[prime_backup]: [PB] ')) continue
        for (const timeZone of ['UTC', 'Asia/Shanghai', 'America/New_York']) {
          const observation = observeLog({ head, rest: rest.join('\n') }, timeZone)
          assert.ok(observation && 'due' in observation && observation.due, head)
          const lineAt = Date.parse(`${head.slice(8, 31).replace(' ', 'T')}Z`)
          assert.equal(observation.due.inMs, Date.parse(`${date.replace(' ', 'T')}Z`) - lineAt)
        }
        seen += 1
      }
    }
    assert.ok(seen >= 2, `${seen}`)
  })

  it('have the words of a pause and a resume in both languages', () => {
    for (const text of [
      'Crontab job schedule backup paused until plugin reload',
      '定时作业定时备份已暂停至本插件卸载',
    ])
      assert.deepEqual(parseMessage(text), { type: 'schedule_paused' })
    for (const text of [
      'Crontab job schedule backup resumed. Next run at: 2026-11-25 00:27:02',
      '定时作业定时备份已继续, 下次运行: 2026-11-25 00:27:02',
    ])
      assert.deepEqual(parseMessage(text), { type: 'schedule_resumed', next: '2026-11-25 00:27:02' })
    assert.deepEqual(parseMessage('定时备份完成, 下次执行: 已暂停'), {
      type: 'schedule_completed',
      next: '已暂停',
    })
  })
})
