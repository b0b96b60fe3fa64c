import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { renderTitle, toMessage } from '../../src/delivery/message.ts'
import type { LifecycleEvent } from '../../src/event.ts'
import { fullEvent } from './fixture.ts'

const INFERRED = { inferred: true, watched: true }

/** Event, English title, Chinese title. */
const TITLES: [LifecycleEvent, string, string][] = [
  [start(), 'survival: backup started', 'survival：备份已开始'],
  [fullEvent('backup_success'), 'survival: backup #12 completed', 'survival：备份 #12 已完成'],
  [failure(undefined), 'survival: backup failed', 'survival：备份失败'],
  [failure('aborted'), 'survival: backup aborted', 'survival：备份已终止'],
  [
    failure('save_wait_time_out'),
    'survival: backup failed: world save timed out',
    'survival：备份失败：等待世界保存超时',
  ],
  [failure('plugin_unloaded'), 'survival: backup failed: plugin unloaded', 'survival：备份失败：插件被卸载'],
  [failure('completed_with_error'), 'survival: backup failed', 'survival：备份失败'],
  [failure('no_completion', INFERRED), 'survival: backup failed', 'survival：备份失败'],
  [
    failure('no_completion', { inferred: true, watched: false }),
    'survival: backup outcome unknown',
    'survival：备份结果未知',
  ],
  [failure('outcome_unknown', INFERRED), 'survival: backup outcome unknown', 'survival：备份结果未知'],
  [fullEvent('restore_start'), 'survival: restore #12 started', 'survival：回档 #12 已开始'],
  [fullEvent('restore_success'), 'survival: restore #12 completed', 'survival：回档 #12 已完成'],
  [
    fullEvent('restore_failure', { message: 'server_not_back', extra: INFERRED }),
    'survival: restore #12 failed: server did not come back',
    'survival：回档 #12 失败：服务器未恢复运行',
  ],
  [
    fullEvent('restore_failure', { message: 'export_failures: 3' }),
    'survival: restore #12 failed: 3 files not restored',
    'survival：回档 #12 失败：3 个文件未恢复',
  ],
  [
    fullEvent('restore_failure', { message: 'no_backup', backup: undefined }),
    'survival: restore failed: no backup to restore',
    'survival：回档失败：没有可回档的备份',
  ],
  [
    fullEvent('restore_failure', { message: 'constructor' }),
    'survival: restore #12 failed',
    'survival：回档 #12 失败',
  ],
  [
    fullEvent('backup_success', { message: 'manual_test', backup: undefined }),
    '[TEST] survival: backup completed',
    '[测试] survival：备份已完成',
  ],
  [
    fullEvent('backup_success', { extra: { corrects: 'survival-1-end' } }),
    '[CORRECTION] survival: backup #12 completed',
    '[更正] survival：备份 #12 已完成',
  ],
]

function start(): LifecycleEvent {
  return fullEvent('backup_start', { backup: undefined, extra: { comment: 'hello world', tags: {} } })
}

function failure(message: string | undefined, extra?: LifecycleEvent['extra']): LifecycleEvent {
  return fullEvent('backup_failure', { backup: undefined, message, extra })
}

function lineOf(
  event: LifecycleEvent,
  name: string,
  language: 'en_us' | 'zh_cn' = 'en_us',
): string | undefined {
  const prefix = `${name}: `
  const line = toMessage(event, language)
    .body.split('\n')
    .find(text => text.startsWith(prefix))
  return line?.slice(prefix.length)
}

describe('the title', () => {
  for (const [event, en, zh] of TITLES) {
    it(`says "${en}"`, () => {
      assert.equal(toMessage(event, 'en_us').title, en)
      assert.equal(toMessage(event, 'zh_cn').title, zh)
    })
  }

  it('drops the detail, then cuts the server, before the result', () => {
    assert.equal(
      renderTitle(failure('save_wait_time_out'), 'en_us', { longest: 32 }),
      'survival: backup failed',
    )
    const event = fullEvent('backup_success', { server: 'the-old-survival-world-of-2019' })
    assert.equal(renderTitle(event, 'en_us', { longest: 32 }), 'the-old-s…: backup #12 completed')
  })
})

describe('the body', () => {
  before(() => {
    process.env.TZ = 'Asia/Shanghai'
  })

  it('has a line for each known fact, in the order of the fork', () => {
    const event = fullEvent('backup_success', { costS: 125.2 })
    assert.deepEqual(toMessage(event, 'en_us').body.split('\n'), [
      'Event: backup completed',
      'Task: backup',
      'Status: success',
      'Backup: #12',
      'Date: 2026-11-25 08:51:25',
      'Comment: hello world',
      'Creator: player:Steve',
      'Operator: player:Steve',
      'Source: player:Steve',
      'Files: 64 files, 1.83 MiB raw, 377.95 KiB stored',
      'Cost: 2 min 5 s',
      'Time: 2026-11-25 08:51:25 +08:00',
    ])
    assert.deepEqual(toMessage(event, 'zh_cn').body.split('\n'), [
      '事件: 备份已完成',
      '任务: 备份',
      '状态: 成功',
      '备份: #12',
      '日期: 2026-11-25 08:51:25',
      '备注: hello world',
      '创建者: player:Steve',
      '操作者: player:Steve',
      '来源: player:Steve',
      '文件: 64 个文件，原始 1.83 MiB，存储 377.95 KiB',
      '耗时: 2 分 5 秒',
      '时间: 2026-11-25 08:51:25 +08:00',
    ])
  })

  it('leaves out what is not known', () => {
    const event = fullEvent('backup_failure', {
      backup: undefined,
      operator: undefined,
      source: { type: 'console', name: '' },
      error: { type: 'OSError', message: '[Errno 28] No space left on device' },
    })
    assert.deepEqual(toMessage(event, 'en_us').body.split('\n').slice(3), [
      'Source: console',
      'Error: OSError: [Errno 28] No space left on device',
      'Time: 2026-11-25 08:51:25 +08:00',
    ])
  })

  it('says so when an end was inferred, and whether anything was missed', () => {
    const unknown = failure('outcome_unknown', { inferred: true, watched: false })
    assert.equal(lineOf(unknown, 'Event'), 'backup outcome unknown')
    assert.equal(lineOf(unknown, 'Status'), 'unknown (inferred)')
    assert.equal(lineOf(unknown, 'Message'), 'no end was seen before the deadline')
    assert.equal(lineOf(unknown, 'Note'), 'chat was not seen all the time')
    assert.equal(lineOf(unknown, '状态', 'zh_cn'), '未知（推断）')
    const back = fullEvent('restore_success', { extra: { inferred: true, watched: true } })
    assert.equal(lineOf(back, 'Status'), 'success (inferred)')
    assert.equal(lineOf(back, 'Note'), 'concluded from the return of the server')
  })

  it('says so when it corrects what was told, and when a start was not seen', () => {
    const event = fullEvent('backup_success', { extra: { corrects: 'x', start_unseen: true } })
    assert.equal(lineOf(event, 'Note'), 'this corrects what was told before; its start was not seen')
    assert.equal(lineOf(event, '说明', 'zh_cn'), '更正此前的通知；未看到任务开始')
  })

  it('says "probably" of what was only hinted at', () => {
    const event = fullEvent('backup_success', { extra: { operator_hint: true } })
    for (const name of ['Creator', 'Operator', 'Source']) {
      assert.match(lineOf(event, name) ?? '', /^probably /)
    }
    assert.equal(lineOf(event, '操作者', 'zh_cn'), '可能是 player:Steve')
    const restore = fullEvent('restore_start', { extra: { operator_hint: true } })
    assert.equal(lineOf(restore, 'Operator'), 'probably player:Steve')
    assert.equal(lineOf(restore, 'Comment'), 'hello world')
  })

  it('marks sizes that are rounded', () => {
    const event = fullEvent('backup_success', { extra: { approximate: ['raw_size'] } })
    assert.equal(lineOf(event, 'Files'), '64 files, ≈1.83 MiB raw, 377.95 KiB stored')
  })

  it('tells the comments of Prime Backup in the reader’s language', () => {
    const of = (comment: string) => fullEvent('backup_success', { backup: { id: 1, comment } })
    const scheduled = of('__pb_translated__:scheduled_backup')
    assert.equal(lineOf(scheduled, 'Comment'), 'scheduled backup')
    assert.equal(lineOf(scheduled, '备注', 'zh_cn'), '定时备份')
    const safety = of('__pb_translated__:pre_restore:2')
    assert.equal(lineOf(safety, 'Comment'), 'automatic backup before restoring #2')
    assert.equal(lineOf(safety, '备注', 'zh_cn'), '回档至 #2 前的自动备份')
    assert.equal(lineOf(of('__pb_translated__:later:1|2'), 'Comment'), 'later:1|2')
    assert.equal(lineOf(of('__pb_translated__:constructor'), 'Comment'), 'constructor')
  })

  it('keeps what a player wrote on its line, without codes', () => {
    const comment = '§chello§r\n§kworld\u202e\u0007 §'
    const event = fullEvent('backup_success', { backup: { id: 1, comment } })
    assert.equal(lineOf(event, 'Comment'), 'hello world')
  })

  it('cuts what is very long between characters', () => {
    const event = fullEvent('backup_success', { backup: { id: 1, comment: '😀'.repeat(300) } })
    const comment = lineOf(event, 'Comment') ?? ''
    assert.ok(comment.length <= 256)
    assert.ok(comment.isWellFormed())
    assert.ok(comment.endsWith('😀…'))
  })
})

describe('the Markdown', () => {
  it('is a list with what others wrote escaped', () => {
    const comment = '[a](https://b.example) **c** `d` <e> @everyone'
    const { desp } = toMessage(fullEvent('backup_success', { backup: { id: 1, comment } }), 'en_us')
    const line = desp.split('\n').find(text => text.startsWith('- **Comment**: '))
    assert.equal(
      line,
      '- **Comment**: \\[a\\]\\(https:\u200b//b.example\\) \\*\\*c\\*\\* \\`d\\` \\<e\\> @\u200beveryone',
    )
    assert.ok(desp.includes('- **Backup**: #1\n'))
  })
})
