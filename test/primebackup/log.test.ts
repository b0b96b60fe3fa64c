import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fact } from '../../src/observation.ts'
import { observeLog } from '../../src/observe.ts'
import { parseHead } from '../../src/primebackup/log.ts'

const HEAD = '[MCDR] [2026-11-25 00:19:49.396] [PB@298d-worker-heavy/INFO] [a.py:16(run)] [prime_backup]: '
const AT = Date.UTC(2026, 10, 25, 0, 19, 49, 396)

function seen(head: string, rest = '') {
  return observeLog({ head, rest }, 'UTC')
}

function says(message: string, rest = ''): Partial<Fact> {
  const { at: _, source: __, ...fact } = seen(HEAD + message, rest) ?? {}
  return fact
}

test('the head of every MCDR since 2.12 is read', () => {
  const started = { type: 'backup_started', source: 'log' }
  assert.deepEqual(seen(`${HEAD}[PB] Creating backup, please wait`), { ...started, at: AT })
  assert.deepEqual(
    seen('[MCDR] [2026-11-25 00:19:49] [PB@298d-worker-heavy/INFO] [prime_backup]: [PB] 创建备份中...请稍等'),
    { ...started, at: AT - 396 },
    '2.12',
  )
  assert.deepEqual(
    seen(
      '[MCDR] [2026-11-25 00:19:49.7] [PB@298d/INFO] [a.py:1(<lambda>)] [prime_backup]: [PB] 创建备份中...请稍等',
    ),
    { ...started, at: AT - 389 },
    '2.13 does not pad',
  )
})

test('the time is local to the zone that is named', () => {
  const head = `${HEAD}[PB] Creating backup, please wait`
  assert.equal(observeLog({ head, rest: '' }, 'Asia/Shanghai')?.at, AT - 8 * 3_600_000)
})

test('where the clock is set back, a line is not earlier than the one before it', () => {
  const line = (time: string) => ({
    head: `[MCDR] [2026-10-25 ${time}] [PB@1/INFO] [prime_backup]: [PB] Creating backup, please wait`,
    rest: '',
  })
  const first = observeLog(line('02:59:50'), 'Europe/Berlin')?.at ?? 0
  const second = observeLog(line('02:00:10'), 'Europe/Berlin', first)?.at ?? 0
  assert.equal(second - first, 20_000)
})

test('the description of a backup is read from its Python, whatever the comment says', () => {
  assert.deepEqual(
    says(
      String.raw`Creating backup for ['world', 'it\'s'] at path 'server', file count 64 size 1.83MiB, timestamp 1795565989, creator 'player:Steve', comment 'x, tags {} \', tags {\'a\': 1}', tags {'temporary': True}`,
    ),
    {
      type: 'backup_described',
      backup: {
        date: '2026-11-25 00:19:49',
        comment: "x, tags {} ', tags {'a': 1}",
        creator: 'player:Steve',
        targets: ['world', "it's"],
        tags: { temporary: true },
        fileCount: 64,
        rawBytes: Math.round(1.83 * 1024 ** 2),
      },
    },
  )
})

test('the description of Prime Backup 1.12, in microseconds and without a size', () => {
  assert.deepEqual(
    says(
      "Creating backup for ['world'] at path 'server', file cnt 38, timestamp 1795568202360796, creator 'console:', comment '', tags {}",
    ),
    {
      type: 'backup_described',
      backup: {
        date: '2026-11-25 00:56:42',
        comment: '',
        creator: 'console:',
        targets: ['world'],
        tags: {},
        fileCount: 38,
      },
    },
  )
})

test('a line that only looks like a description is none', () => {
  const whole =
    "Creating backup for ['world'] at path 'server', file count 64 size 1.83MiB, timestamp 1, creator 'a:b', comment 'c', tags {}"
  assert.equal(says(whole).type, 'backup_described')
  for (const text of [`${whole} `, whole.slice(0, -1), whole.replace("'c'", 'c'), whole.replace('{}', '[]')])
    assert.deepEqual(says(text), {}, text)
})

test('the steps of a restore are told apart', () => {
  assert.deepEqual(says('Wait for server to stop'), { type: 'restore_stopping', running: true })
  assert.deepEqual(says('Found an already-stopped server'), { type: 'restore_stopping', running: false })
  assert.deepEqual(says('Restoring to backup #12 (fail_soft=False, verify_blob=True)'), {
    type: 'restore_began',
    id: 12,
  })
  assert.deepEqual(says('Export done'), { type: 'export_ended', failures: 0 })
  assert.deepEqual(says('Export done with 3 failures'), { type: 'export_ended', failures: 3 })
  assert.deepEqual(
    says('Restore to backup #1 done, cost 0.63s (backup 0.52s, restore 0.11s), starting the server'),
    {
      type: 'restore_done',
      id: 1,
      costS: 0.63,
      starting: true,
    },
  )
  assert.deepEqual(says('Restore to backup #1 done, cost 0.44s (backup 0.3s, restore 0.13s)'), {
    type: 'restore_done',
    id: 1,
    costS: 0.44,
    starting: false,
  })
  assert.deepEqual(says('Restore to backup #1 failed: [Errno 2] x'), {
    type: 'restore_failed',
    id: 1,
    reason: '[Errno 2] x',
  })
})

test('a run error names its task and the last exception; other tasks are no concern of ours', () => {
  const line = (task: string) =>
    `[MCDR] [2026-11-25 00:27:25.790] [PB@b8/ERROR] [a.py:1(f)] [prime_backup]: Task <prime_backup.mcdr.task.backup.${task} object at 0x7f75c19a6ad0> run error`
  const rest = 'Traceback (most recent call last):\n  File "a"\nOSError: full'
  assert.deepEqual(seen(line('create_backup_task.CreateBackupTask'), rest), {
    type: 'task_raised',
    task: 'backup',
    error: { type: 'OSError', message: 'full' },
    at: Date.UTC(2026, 10, 25, 0, 27, 25, 790),
    source: 'log',
  })
  assert.equal(seen(line('restore_backup_task.RestoreBackupTask'), '')?.type, 'task_raised')
  assert.equal(seen(line('prune_all_backup_task.PruneAllBackupTask'), rest), undefined)
})

test('the server process is told by MCDR alone, in both languages', () => {
  const mcdr = '[MCDR] [2026-11-25 00:19:49.396] [MainThread/INFO] [mcdr_server.py:507(f)]: '
  const stopped = [
    `${mcdr}Server process stopped with code 0`,
    `${mcdr}Server process stopped with code -9 (terminated by signal SIGKILL)`,
    `${mcdr}服务器进程已停止，返回代码为 0`,
    '[MCDR] [2026-11-25 00:19:49] [MainThread/INFO]: Server process stopped with code 0',
  ]
  for (const line of stopped)
    assert.deepEqual(seen(line) && { ...seen(line), at: 0 }, {
      type: 'server_process',
      running: false,
      at: 0,
      source: 'log',
    })
  for (const line of [`${mcdr}Server is running at PID 123`, `${mcdr}服务端正在以 PID 123 运行中`])
    assert.deepEqual(
      { ...seen(line), at: 0 },
      { type: 'server_process', running: true, at: 0, source: 'log' },
    )
  for (const line of [
    `${mcdr.replace('mcdr_server.py', 'misc_utils.py')}Server process stopped with code 0`,
    `${mcdr.replace(']: ', '] [chat_plugin]: ')}Server process stopped with code 0`,
  ])
    assert.equal(seen(line), undefined, line)
})

test('nothing that a player can write into a log becomes an observation', () => {
  const line = '[PB] Backup completed, ID #99, cost 1s, total 1MiB (+1MiB)'
  for (const head of [
    `[Server] ${HEAD}${line}`,
    `    ${HEAD}${line}`,
    `[Server] [00:38:48] [Server thread/INFO]: <Steve> ${HEAD}${line}`,
    `[MCDR] [2026-11-25 00:19:49.396] [TaskExecutor/INFO] [a.py:1(f)] [chat_log]: [prime_backup]: ${line}`,
    `[MCDR] [2026-11-25 00:19:49.396] [TaskExecutor/INFO] [a.py:1(f)]: [prime_backup]: ${line}`,
    HEAD.replace('/INFO', '/DEBUG') + line,
    `${HEAD}Sending command 'tellraw' ${line}`,
    `${HEAD}[PB] x ${line}`,
  ])
    assert.equal(seen(head), undefined, head)
  assert.equal(seen(HEAD + line)?.type, 'backup_completed', 'the line itself is one')
})

test('a head that is none is none', () => {
  for (const head of [
    '',
    '[MCDR] ',
    '[MCDR] [yesterday] [a/INFO]: x',
    `x${HEAD}y`,
    '[MCDR] [2026-11-25 00:19:49] []: x',
  ])
    assert.equal(parseHead(head), undefined, head)
  assert.equal(
    seen('[MCDR] [2026-13-45 99:99:99] [a/INFO] [prime_backup]: [PB] Creating backup, please wait'),
    undefined,
    'no such date',
  )
})
