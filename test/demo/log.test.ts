import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import type { PrimeBackupOptions } from '../../src/demo/primebackup.ts'
import type { Fault } from '../../src/demo/tasks.ts'
import { LANGUAGES, type Language } from '../../src/language.ts'
import { until } from '../fake/until.ts'
import { CORPUS } from './corpus.ts'
import { fasterBy, type StandIn, startStandIn } from './standin.ts'

let standIns: StandIn[] = []

afterEach(async () => {
  for (const standIn of standIns) await standIn.close()
  standIns = []
})

async function start(options: Partial<PrimeBackupOptions> = {}): Promise<StandIn> {
  const standIn = await startStandIn(options)
  standIns.push(standIn)
  return standIn
}

function recorded(of: string): string[] {
  return readFileSync(join(CORPUS, of, 'mcdr.log'), 'utf8')
    .split('\n')
    .slice(0, -1)
}

type Scenario = {
  /** Folder of the recording. */
  of: string
  /** Comments of the backups that were there before, by Steve. */
  before?: string[]
  options?: Partial<PrimeBackupOptions>
  fault?: Fault
  /** Steve aborts when the countdown is there. */
  abortAt?: number
  /** Recorded lines for which the stand-in has no counterpart. */
  without?: RegExp
  /** Two threads spoke at once there: their order among each other is chance. */
  racing?: true
  /** May answer a promise. */
  play(standIn: StandIn): unknown
}

const make = (comment: string) => (standIn: StandIn) => standIn.steve.type(`!!pb make ${comment}`)
const makeByConsole = (comment: string) => (standIn: StandIn) => standIn.pb.consoleMake(comment)
const runScheduled = ({ pb }: StandIn) => pb.runScheduled()
const restoreByConsole = ({ pb }: StandIn) => pb.consoleBack()
function restore({ steve }: StandIn) {
  steve.type('!!pb back')
  steve.type('!!pb confirm')
}

const THREE_SECONDS = { timings: { countdownS: 3 } }
/** The stand-in's console asks nothing. */
const PROMPT = /Please choose|Confirm restore|Abort restore|Confirming|请在1分钟|确认回档|终止回档|正在确认/
/** MCDR's own answers to the console. */
const MCDR_ANSWERS = /print_text_to_console\)\]: 正在(关闭|启动)服务端/

const SCENARIOS: Scenario[] = [
  { of: 'en_us/make_ok', play: make('hello world') },
  { of: 'en_us/make_no_comment', play: ({ steve }) => steve.type('!!pb make') },
  { of: 'en_us/make_ok_console', play: makeByConsole('from console') },
  { of: 'en_us/make_ok_unicode', play: make('测试 "q" \'s\' {x} %s red <b> [PB] ID #9 🎉') },
  { of: 'en_us/make_ok_schedule_reset', options: { scheduled: true }, play: make('manual') },
  { of: 'en_us/make_fail', fault: 'raise', play: make('will fail') },
  { of: 'en_us/make_fail_console', fault: 'raise', play: makeByConsole('will fail') },
  { of: 'en_us/make_save_timeout', fault: 'save_timeout', play: make('') },
  { of: 'en_us/make_aborted', fault: 'abort', play: make('') },
  {
    of: 'en_us/make_busy',
    play: async ({ pb, steve, alex }) => {
      steve.type('!!pb make first')
      alex.type('!!pb make second')
      await pb.consoleMake('third')
    },
  },
  { of: 'en_us/scheduled_ok', play: runScheduled },
  { of: 'en_us/scheduled_fail', fault: 'raise', play: runScheduled, racing: true },
  { of: 'en_us/scheduled_save_timeout', fault: 'save_timeout', play: runScheduled },
  { of: 'en_us/restore_ok', before: ['before grief'], play: restore },
  { of: 'en_us/restore_latest', before: ['older', ''], options: THREE_SECONDS, play: restore },
  { of: 'en_us/restore_abort', before: ['base'], abortAt: 4, play: restore },
  {
    of: 'en_us/restore_console',
    before: ['base'],
    options: THREE_SECONDS,
    without: PROMPT,
    play: restoreByConsole,
  },
  {
    of: 'en_us/restore_fail',
    before: ['base'],
    options: THREE_SECONDS,
    fault: 'restore_fail',
    play: restore,
  },
  { of: 'en_us/restore_no_confirm', before: ['base'], play: ({ steve }) => steve.type('!!pb back 1') },

  { of: 'zh_cn/make_ok', play: make('hello world') },
  { of: 'zh_cn/make_ok_console', play: makeByConsole('from console') },
  { of: 'zh_cn/make_ok_schedule_reset', options: { scheduled: true }, play: make('manual') },
  { of: 'zh_cn/make_save_timeout', fault: 'save_timeout', play: make('') },
  { of: 'zh_cn/scheduled_ok', play: runScheduled },
  {
    of: 'zh_cn/scheduled_busy',
    before: ['base'],
    play: async ({ pb, steve }) => {
      steve.type('!!pb back 1')
      await pb.runScheduled()
      steve.type('!!pb abort')
    },
  },
  {
    of: 'zh_cn/restore_console',
    before: ['base'],
    options: THREE_SECONDS,
    without: PROMPT,
    play: restoreByConsole,
  },
  {
    of: 'zh_cn/restore_no_preback',
    before: ['base'],
    options: { safetyBackup: false, timings: { countdownS: 0 } },
    play: restore,
  },
  {
    of: 'zh_cn/restore_stopped',
    before: ['base'],
    without: MCDR_ANSWERS,
    play: async ({ pb, server }) => {
      await server.shutdown()
      await pb.consoleBack()
      await server.start()
    },
  },
  {
    of: 'zh_cn/restore_abort_confirm',
    before: ['base'],
    play: ({ steve }) => {
      steve.type('!!pb back 1')
      steve.type('!!pb abort')
    },
  },
  { of: 'zh_cn/restore_no_confirm', before: ['base'], play: ({ steve }) => steve.type('!!pb back 1') },
  {
    of: 'zh_cn/spoof_comment',
    abortAt: 5,
    play: async ({ pb, steve, alex }) => {
      alex.type(
        '!!pb make x, tags {} Create backup #99 done, added 1 blobs [PB] Backup completed, ID #99, cost 1s, total 1MiB (+1MiB)',
      )
      await pb.settled()
      alex.type(`!!pb make it's "both" quotes', tags {'temporary': True}`)
      await pb.settled()
      steve.type('!!pb back 1')
      steve.type('!!pb confirm')
    },
  },
]

describe("MCDR's log is written as it was recorded", () => {
  for (const scenario of SCENARIOS) {
    test(scenario.of, async () => {
      const standIn = await start({
        language: scenario.of.split('/')[0] as Language,
        ...scenario.options,
        timings: { confirmTimeoutMs: 3000, ...scenario.options?.timings },
        onMoment: moment => {
          if (moment.type === 'restore_countdown' && moment.secondsLeft === scenario.abortAt)
            standIn.steve.type('!!pb abort')
        },
      })
      const { pb, steve, logLines } = standIn
      for (const comment of scenario.before ?? []) {
        steve.type(`!!pb make ${comment}`)
        await pb.settled()
      }
      if (scenario.fault) pb.failNext(scenario.fault)
      const from = logLines().length
      await scenario.play(standIn)
      await pb.settled()
      const written = logLines().slice(from).map(anonymous)
      const expected = recorded(scenario.of)
        .filter(line => !scenario.without?.test(line))
        .map(anonymous)
      assert.ok(expected.length > 0)
      if (scenario.racing) assert.deepEqual(byThread(written), byThread(expected))
      else assert.deepEqual(written, expected)
    })
  }
})

/** What differs from run to run, and the sizes of the world. */
function anonymous(line: string): string {
  return line
    .replace(/^\[MCDR\] \[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]/, '[MCDR] [TIME]')
    .replace(/PB@[0-9a-f]{4}-/, 'PB@0000-')
    .replace(/0x[0-9a-f]{12}/, '0x0')
    .replace(/\d+\.\d\d([KM]i)?B/g, 'SIZE')
    .replace(/timestamp \d{10},/, 'timestamp 0,')
    .replace(/timestamp=\d{10}, timestamp_ns_part=\d{1,9},/, 'timestamp=0,')
    .replace(/(file_(?:raw|stored)_size_sum)=\d+/g, '$1=0')
    .replace(/file count \d+/, 'file count 0')
    .replace(/added \d+ blobs/, 'added 0 blobs')
    .replace(/(cost|backup|restore|wait) \d+\.\d{1,2}s/g, '$1 0.0s')
    .replace(/耗时\d+\.\d{1,2}s/, '耗时0.0s')
    .replace(/(at|下次执行:|下次定时备份:) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/, '$1 DATE')
    .replace(/(command|启动参数为) \['.*'\]$/, '$1 []')
    .replace(/PID \d+/, 'PID 0')
}

/** What each thread said, in its order; lines without a head belong to the one before. */
function byThread(lines: string[]): { [thread: string]: string[] } {
  const threads: { [thread: string]: string[] } = {}
  let thread = ''
  for (const line of lines) {
    thread = /^\[MCDR\] \[TIME\] \[([^/]+)/.exec(line)?.[1] ?? thread
    const said = threads[thread] ?? []
    threads[thread] = [...said, line]
  }
  return threads
}

describe("The stand-in's log", () => {
  test('bears the time of each moment, local and with milliseconds', async () => {
    const now = new Date(2026, 10, 25, 1, 2, 3, 7).getTime()
    const { pb, logLines } = await start({ clock: { ...fasterBy(50), now: () => now } })
    await pb.consoleMake()
    for (const line of logLines()) assert.ok(line.startsWith('[MCDR] [2026-11-25 01:02:03.007] ['), line)
    assert.ok(logLines().some(line => line.includes(`timestamp ${Math.floor(now / 1000)},`)))
  })

  test('names the facts of the backups that there are', async () => {
    const { pb, logLines } = await start({ timings: { countdownS: 0 } })
    await pb.consoleMake('first')
    await pb.consoleBack()
    const [first] = pb.backups
    assert.ok(first)
    const seconds = Math.floor(first.at / 1000)
    const fields = [
      `id=1, timestamp=${seconds}, timestamp_ns_part=${(first.at % 1000) * 1_000_000}`,
      "creator='console:', comment='first', targets=['world'], tags={}",
      `fileset_id_base=1, fileset_id_delta=2, file_count=64`,
      `file_raw_size_sum=${first.rawBytes}, file_stored_size_sum=${first.storedBytes}`,
    ].join(', ')
    assert.ok(
      logLines().some(line => line.endsWith(`: Exporting Backup(${fields}) to directory server`)),
      logLines().join('\n'),
    )
    const texts = logLines().map(line => line.replace(/^.*?\[prime_backup\]: /, ''))
    assert.ok(
      texts.includes(
        'Create backup #1 done, added 52 blobs, 0 chunks and 0 packs (size 377.95KiB / 1.83MiB)',
      ),
    )
    assert.ok(
      texts.includes('Create backup #2 done, added 1 blobs, 0 chunks and 0 packs (size 1.18KiB / 1.17KiB)'),
    )
  })

  test('begins with the start of the server', async () => {
    const { logLines } = await start()
    assert.deepEqual(logLines().map(anonymous), [
      '[MCDR] [TIME] [TaskExecutor/INFO] [mcdr_server.py:434(start_server)]: Starting the server with command []',
      '[MCDR] [TIME] [TaskExecutor/INFO] [mcdr_server.py:500(__on_server_start_post)]: Server is running at PID 0',
    ])
  })

  for (const language of LANGUAGES) {
    test(`tells of a killed server as recorded in ${language}`, async () => {
      const { server, logLines } = await start({ language })
      const from = logLines().length
      await server.crash()
      const of = language === 'en_us' ? 'en_us/crash_copying' : 'zh_cn/crash_saving'
      const lines = recorded(of).filter(line => line.includes('(__on_server_stop)'))
      assert.deepEqual(logLines().slice(from).map(anonymous), lines.map(anonymous))
    })
  }

  test('takes player names for no markers of its own', async () => {
    const { server, pb, steve, logLines } = await start()
    server.addVirtualPlayer('pre_restore').type('!!pb make')
    await pb.settled()
    assert.ok(logLines().some(line => line.includes("creator 'player:pre_restore', comment '', tags {}")))
    steve.type('!!pb list')
    assert.ok(steve.seen.some(({ text }) => text === '[PB] There are 1 backups:'))
  })

  test('ends with the stand-in, and what comes later is no matter', async () => {
    const { server, pb, logLines } = await start()
    await pb.stop()
    const lines = logLines().length
    await server.restart()
    await pb.consoleMake()
    assert.equal(logLines().length, lines)
  })

  test('stops nothing when the disk is full', { skip: !existsSync('/dev/full') }, async () => {
    const { pb, server } = await start({ mcdrLog: '/dev/full' })
    await pb.consoleMake()
    await server.restart()
    assert.equal(pb.backups.length, 1)
  })

  test('is written at once, for whoever follows it', async () => {
    const { pb, steve, logLines } = await start({ timings: { saveMs: 1_000_000 } })
    steve.type('!!pb make')
    assert.match(logLines().at(-1) ?? '', /\[prime_backup\]: \[PB\] Creating backup, please wait$/)
    steve.type('!!pb abort')
    await until('the end', () => !pb.isBusy())
    assert.match(logLines().at(-1) ?? '', /\[prime_backup\]: \[PB\] Task create backup aborted$/)
  })
})
