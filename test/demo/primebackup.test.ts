import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { Moment } from '../../src/demo/lines.ts'
import { createPrimeBackup, type PrimeBackup, type PrimeBackupOptions } from '../../src/demo/primebackup.ts'
import { createPracticeServer, type PracticeServer, type VirtualPlayer } from '../../src/demo/server.ts'
import type { Fault, Timings } from '../../src/demo/tasks.ts'
import { LANGUAGES, type Language } from '../../src/language.ts'
import { eventually, joinServer, type TestClient } from './client.ts'
import { CORPUS, lines, sorted } from './corpus.ts'
import { fasterBy } from './standin.ts'

type Stage = {
  server: PracticeServer
  pb: PrimeBackup
  op: TestClient
  player(name: string): VirtualPlayer
  moments: Moment['type'][]
}

let stages: Stage[] = []

afterEach(async () => {
  for (const { server, pb, op } of stages) {
    await pb.stop()
    op.close()
    await server.stop()
  }
  stages = []
})

async function setUp(
  options: Partial<PrimeBackupOptions> & { version?: string; faster?: number },
): Promise<Stage> {
  const server = createPracticeServer({
    clock: systemClock,
    version: options.version ?? '1.20.4',
    operators: ['PBWatchOp'],
  })
  const players = new Map(['Steve', 'Alex', 'PBWatcher'].map(name => [name, server.addVirtualPlayer(name)]))
  await server.start()
  const moments: Moment['type'][] = []
  const pb = createPrimeBackup({
    clock: fasterBy(options.faster ?? 50),
    server,
    onMoment: ({ type }) => moments.push(type),
    ...options,
  })
  pb.start()
  const op = await joinServer(server.port(), server.version, 'PBWatchOp')
  const stage: Stage = {
    server,
    pb,
    op,
    moments,
    player: name => {
      const player = players.get(name)
      assert.ok(player, name)
      return player
    },
  }
  stages.push(stage)
  return stage
}

type Scenario = {
  /** Folder of the recording. */
  of: string
  /** Comments of the backups that were there before, by Steve. */
  before?: string[]
  fault?: Fault
  permitted?: string[]
  timings?: Partial<Timings>
  scheduled?: boolean
  faster?: number
  /** Lines of chat that the stand-in has no counterpart for, with what was answered to them. */
  without?: RegExp
}

const SLOW_SAVE = { timings: { saveMs: 20_000 } }

const SCENARIOS: Scenario[] = [
  { of: 'en_us/make_ok' },
  { of: 'en_us/make_ok_mc1201' },
  { of: 'en_us/make_ok_mc1218' },
  { of: 'en_us/make_ok_user', permitted: ['Steve'] },
  { of: 'en_us/make_no_comment' },
  { of: 'en_us/make_ok_schedule_reset', scheduled: true, timings: { scheduleMs: 3_599_999 } },
  { of: 'en_us/make_fail', fault: 'raise' },
  { of: 'en_us/make_save_timeout', fault: 'save_timeout' },
  { of: 'en_us/make_aborted', timings: { saveMs: 1_000_000 } },
  { of: 'en_us/make_abort_denied', permitted: ['Steve'], ...SLOW_SAVE },
  { of: 'en_us/make_busy', ...SLOW_SAVE },
  { of: 'en_us/scheduled_ok', timings: { scheduleMs: 9000 } },
  { of: 'en_us/scheduled_fail', fault: 'raise', timings: { scheduleMs: 9000 } },
  { of: 'en_us/scheduled_save_timeout', fault: 'save_timeout', timings: { scheduleMs: 9000 } },
  { of: 'en_us/restore_ok', before: ['before grief'] },
  { of: 'en_us/restore_latest', before: ['older', ''], timings: { countdownS: 3 } },
  { of: 'en_us/restore_console', before: ['base'], timings: { countdownS: 3 } },
  { of: 'en_us/restore_fail', before: ['base'], timings: { countdownS: 3 }, fault: 'restore_fail' },
  { of: 'en_us/restore_abort', before: ['base'], faster: 2 },
  { of: 'en_us/restore_abort_confirm', before: ['base'] },
  { of: 'en_us/restore_no_confirm', before: ['base'], timings: { confirmTimeoutMs: 3000 } },
  { of: 'en_us/restore_not_found', before: ['base'] },
  { of: 'en_us/show', before: ['hello world'] },
  { of: 'en_us/unknown', without: /prune/ },

  { of: 'zh_cn/make_ok' },
  { of: 'zh_cn/make_ok_user' },
  { of: 'zh_cn/make_no_comment' },
  { of: 'zh_cn/make_ok_schedule_reset', scheduled: true, timings: { scheduleMs: 3_599_999 } },
  { of: 'zh_cn/make_fail_vanish', fault: 'raise' },
  { of: 'zh_cn/make_save_timeout', fault: 'save_timeout' },
  { of: 'zh_cn/make_abort_denied', permitted: ['Steve'], ...SLOW_SAVE },
  { of: 'zh_cn/scheduled_ok', timings: { scheduleMs: 9000 } },
  { of: 'zh_cn/scheduled_busy', before: ['base'] },
  { of: 'zh_cn/restore_console', before: ['base'], timings: { countdownS: 3 } },
  { of: 'zh_cn/restore_no_preback', before: ['base'], timings: { countdownS: 0 } },
  { of: 'zh_cn/restore_abort_confirm', before: ['base'] },
  { of: 'zh_cn/restore_no_confirm', before: ['base'], timings: { confirmTimeoutMs: 3000 } },
  { of: 'zh_cn/restore_not_found', before: ['base'] },
  { of: 'zh_cn/show', before: ['hello world'] },
  { of: 'zh_cn/unknown', without: /prune/ },
]

type Recorded = { kind: string; sender: string | null; raw: unknown; plain: string }

describe('Prime Backup is played as it was recorded', () => {
  for (const scenario of SCENARIOS) {
    test(scenario.of, async () => {
      const folder = join(CORPUS, scenario.of)
      const { lang, mc_version } = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as {
        lang: Language
        mc_version: string
      }
      const stage = await setUp({ ...scenario, version: mc_version, language: lang })
      const { server, pb, op, player } = stage
      for (const comment of scenario.before ?? []) {
        player('Steve').type(`!!pb make ${comment}`)
        await pb.settled()
      }
      if (scenario.fault) pb.failNext(scenario.fault)
      // What came before, at the client too, is not part of it.
      server.broadcastSystem('begin')
      await eventually('the beginning', () => op.heard.at(-1)?.text === 'begin')
      op.heard.length = 0
      const read = new Map(['Steve', 'Alex', 'PBWatcher'].map(name => [name, player(name).seen.length]))

      const expected: string[] = []
      for (const entry of lines<Recorded>(join(folder, 'chat_op.jsonl'))) {
        if (entry.kind === 'kicked') {
          await eventually('the kick', () => op.kickReason())
          assert.equal(sorted(op.kickReason()), sorted(entry.raw))
          break
        }
        if (entry.kind === 'player_chat') {
          const typed = entry.plain.replace(/^<.*?> /, '')
          if (!scenario.without?.test(typed)) player(entry.sender ?? '').type(typed)
          continue
        }
        if (/triggered$|触发$/.test(entry.plain)) void pb.runScheduled()
        else if (expected.length === 0 && scenario.of.endsWith('restore_console')) void pb.consoleBack()
        expected.push(anonymous(entry.raw))
        await eventually(entry.plain, () => systemLines(op).length >= expected.length)
      }
      assert.deepEqual(systemLines(op), expected)
      await pb.settled()
      assert.equal(server.isRunning(), scenario.fault !== 'restore_fail')

      for (const [name, from] of read) {
        const told = player(name)
          .seen.slice(from)
          .filter(line => line.private && line.kind === 'system')
          .map(({ component }) => anonymous(component))
        const recorded = lines<{ target: string; json: string }>(join(folder, 'tellraw.jsonl'))
          .filter(({ target, json }) => target === name && !scenario.without?.test(json))
          .map(({ json }) => anonymous(JSON.parse(json)))
        assert.deepEqual(told, recorded, `what ${name} was told`)
      }
    })
  }
})

for (const language of LANGUAGES) {
  test(`The list of backups is that of ${language}/list`, async () => {
    const { pb, player } = await setUp({ language })
    player('Steve').type('!!pb make hello world')
    await pb.settled()
    player('Alex').type('!!pb make')
    await pb.settled()
    await pb.consoleMake('c3')
    const watcher = player('PBWatcher')
    watcher.type('!!pb list')
    const told = watcher.seen.filter(line => line.private).map(({ component }) => anonymous(component))
    const recorded = lines<{ json: string }>(join(CORPUS, language, 'list/tellraw.jsonl'))
    assert.equal(told.length, 6)
    assert.deepEqual(
      told,
      recorded.slice(0, told.length).map(({ json }) => anonymous(JSON.parse(json))),
    )
  })
}

function systemLines({ heard }: TestClient): string[] {
  return heard.filter(({ packet }) => packet === 'system_chat').map(({ raw }) => anonymous(raw))
}

/** Numbers, and the units of sizes, differ from run to run. */
function anonymous(component: unknown): string {
  return sorted(component)
    .replace(/\d+(\.\d+)?/g, '0')
    .replace(/0[KM]?i?B/g, 'SIZE')
}

describe('The stand-in for Prime Backup', () => {
  test('gives a failed backup no id, so that the next one takes it', async () => {
    const { pb, player, moments } = await setUp({})
    const steve = player('Steve')
    for (const fault of ['raise', 'abort', 'unload', 'save_timeout'] as const) {
      pb.failNext(fault)
      steve.type('!!pb make')
      await pb.settled()
    }
    assert.equal(pb.backups.length, 0)
    for (const type of ['task_raised', 'task_aborted', 'plugin_unloaded', 'save_timed_out'] as const)
      assert.ok(moments.includes(type), type)
    await pb.consoleMake('a')
    await pb.runScheduled()
    assert.deepEqual(
      pb.backups.map(({ id, comment, creator }) => [id, comment, creator.type]),
      [
        [1, 'a', 'console'],
        [2, '__pb_translated__:scheduled_backup', 'prime_backup'],
      ],
    )
  })

  test('makes a safety backup before it restores, which is neither listed nor the latest', async () => {
    const { pb, player, server } = await setUp({ timings: { countdownS: 1 } })
    const steve = player('Steve')
    await pb.consoleMake('keep')
    steve.type('!!pb back --confirm')
    await pb.settled()
    assert.equal(server.isRunning(), true)
    steve.type('!!pb list')
    const list = steve.seen.slice(-4).map(({ text }) => text.replace(/\d{4}-.*?: /, ''))
    assert.deepEqual(list, [
      '[PB] ======== Backup list ========',
      '[PB] There are 1 backups:',
      '[PB] [#1] [>] [x] 1.83MiB keep',
      '[PB] <- 1/1 ->',
    ])
    steve.type('!!pb show 2')
    assert.ok(steve.seen.some(({ text }) => text === '[PB] Comment: Automatic backup before restoring to #1'))
    steve.type('!!pb back')
    assert.ok(steve.seen.some(({ text }) => text === '[PB] Gonna restore the world to backup #1: keep'))
  })

  test('lets only those who may restore, abort and confirm', async () => {
    const { pb, player, moments } = await setUp({ permitted: ['Steve'] })
    await pb.consoleMake()
    const alex = player('Alex')
    alex.type('!!pb back 1')
    assert.equal(alex.seen.at(-1)?.text, 'Permission denied: !!pb back<--')
    player('Steve').type('!!pb back 1')
    alex.type('!!pb confirm')
    assert.equal(alex.seen.at(-1)?.text, '[PB] Nothing for you to confirm')
    alex.type('!!pb abort')
    assert.equal(alex.seen.at(-1)?.text, "[PB] You don't have the permission to abort the current task")
    player('Steve').type('!!pb abort')
    await pb.settled()
    assert.equal(moments.at(-1), 'task_aborted')
  })

  test('hears its own prefix only', async () => {
    const { pb, player } = await setUp({ prefix: '!!backup', language: 'zh_cn' })
    player('Steve').type('!!pb make')
    player('Steve').type('!!backups')
    assert.equal(pb.isBusy(), false)
    player('Steve').type('!!backup make')
    assert.equal(pb.isBusy(), true)
  })

  test('stops in the middle of anything, without another word', async () => {
    const stage = await setUp({ timings: { saveMs: 1_000_000 } })
    stage.player('Steve').type('!!pb make')
    const seen = stage.player('Steve').seen.length
    await stage.pb.stop()
    await stage.pb.stop()
    assert.equal(stage.pb.isBusy(), false)
    assert.equal(stage.player('Steve').seen.length, seen)
  })
})
