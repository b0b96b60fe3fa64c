/** The words of notifications in both languages; what they are put into is `message.ts`. */
import type { TaskKind } from '../event.ts'
import type { Text } from '../language.ts'

/** Field names, in the order of facts/compat.md section 3; `time` and `note` are ours. */
export const FIELDS = {
  event: { en_us: 'Event', zh_cn: '事件' },
  task: { en_us: 'Task', zh_cn: '任务' },
  status: { en_us: 'Status', zh_cn: '状态' },
  backup: { en_us: 'Backup', zh_cn: '备份' },
  date: { en_us: 'Date', zh_cn: '日期' },
  comment: { en_us: 'Comment', zh_cn: '备注' },
  creator: { en_us: 'Creator', zh_cn: '创建者' },
  operator: { en_us: 'Operator', zh_cn: '操作者' },
  source: { en_us: 'Source', zh_cn: '来源' },
  files: { en_us: 'Files', zh_cn: '文件' },
  cost: { en_us: 'Cost', zh_cn: '耗时' },
  message: { en_us: 'Message', zh_cn: '消息' },
  error: { en_us: 'Error', zh_cn: '错误' },
  streak: { en_us: 'In a row', zh_cn: '连续' },
  note: { en_us: 'Note', zh_cn: '说明' },
  time: { en_us: 'Time', zh_cn: '时间' },
} satisfies Record<string, Text>

export type FieldName = keyof typeof FIELDS

export const TASKS: Record<TaskKind, Text> = {
  backup: { en_us: 'backup', zh_cn: '备份' },
  restore: { en_us: 'restore', zh_cn: '回档' },
  bridge: { en_us: 'bridge', zh_cn: '通知桥' },
}

/** What an event comes to for people: its status, with the failures that are none told apart. */
export type Result = 'started' | 'completed' | 'failed' | 'aborted' | 'unknown' | 'notice'

/** After the task: `backup completed`. */
export const RESULTS: Record<Result, Text> = {
  started: { en_us: 'started', zh_cn: '已开始' },
  completed: { en_us: 'completed', zh_cn: '已完成' },
  failed: { en_us: 'failed', zh_cn: '失败' },
  aborted: { en_us: 'aborted', zh_cn: '已终止' },
  unknown: { en_us: 'outcome unknown', zh_cn: '结果未知' },
  notice: { en_us: 'notice', zh_cn: '提示' },
}

/** Alone, as the value of Status. */
export const STATUSES: Record<Result, Text> = {
  started: { en_us: 'start', zh_cn: '开始' },
  completed: { en_us: 'success', zh_cn: '成功' },
  failed: { en_us: 'failure', zh_cn: '失败' },
  aborted: { en_us: 'aborted', zh_cn: '已终止' },
  unknown: { en_us: 'unknown', zh_cn: '未知' },
  notice: { en_us: 'notice', zh_cn: '提示' },
}

type Wording = {
  /** The value of Message. */
  text: Text
  /** What the title adds to "failed". */
  title?: Text
}

/** The words of `LifecycleEvent.message`: the fork's own (compat.md section 1) and those of the corpus. */
export const MESSAGES: { [message: string]: Wording } = {
  manual_test: { text: { en_us: 'a test, sent on request', zh_cn: '手动发送的测试通知' } },
  aborted: { text: { en_us: 'it was aborted', zh_cn: '任务被终止' } },
  save_wait_time_out: {
    text: { en_us: 'waiting for the world to save timed out', zh_cn: '等待世界保存超时' },
    title: { en_us: 'world save timed out', zh_cn: '等待世界保存超时' },
  },
  plugin_unloaded: {
    text: { en_us: 'Prime Backup was unloaded meanwhile', zh_cn: 'Prime Backup 在任务进行中被卸载' },
    title: { en_us: 'plugin unloaded', zh_cn: '插件被卸载' },
  },
  no_backup: {
    text: { en_us: 'there is no backup to restore', zh_cn: '没有可回档的备份' },
    title: { en_us: 'no backup to restore', zh_cn: '没有可回档的备份' },
  },
  completed_with_error: {
    text: {
      en_us: 'Prime Backup said that the scheduled backup ended with an error',
      zh_cn: 'Prime Backup 提示定时备份失败',
    },
  },
  no_completion: {
    text: {
      en_us: 'it ended, and Prime Backup did not say that it was completed',
      zh_cn: '任务已结束，但未看到 Prime Backup 的完成提示',
    },
  },
  outcome_unknown: {
    text: { en_us: 'no end was seen before the deadline', zh_cn: '在期限内未看到任务结束' },
  },
  server_not_back: {
    text: {
      en_us: 'the server did not come back before the deadline',
      zh_cn: '服务器未在期限内恢复运行',
    },
    title: { en_us: 'server did not come back', zh_cn: '服务器未恢复运行' },
  },
}

/** The comments that Prime Backup writes itself (facts/prime-backup.md section 7); `{}` is the argument. */
export const COMMENTS: { [key: string]: Text } = {
  scheduled_backup: { en_us: 'scheduled backup', zh_cn: '定时备份' },
  pre_restore: { en_us: 'automatic backup before restoring #{}', zh_cn: '回档至 #{} 前的自动备份' },
}

export const NOTES = {
  corrects: { en_us: 'this corrects what was told before', zh_cn: '更正此前的通知' },
  unwatched: { en_us: 'chat was not seen all the time', zh_cn: '期间有一段时间看不到聊天' },
  returned: { en_us: 'concluded from the return of the server', zh_cn: '根据服务器恢复运行推断' },
  late: { en_us: 'told late: it happened {} before', zh_cn: '延迟通知：事情发生在 {}之前' },
  startUnseen: { en_us: 'its start was not seen', zh_cn: '未看到任务开始' },
} satisfies Record<string, Text>

/** Where a backup is unlike those before it: `{0}` times their median, of `{1}` of them. */
export const ANOMALIES = {
  size: {
    en_us: 'its size is {0} times the median of the last {1}',
    zh_cn: '体积为最近 {1} 次备份中位数的 {0} 倍',
  },
  duration: {
    en_us: 'it took {0} times the median of the last {1}',
    zh_cn: '耗时为最近 {1} 次备份中位数的 {0} 倍',
  },
} satisfies Record<string, Text>

/** Where failures came in a row: how many, and since when or for how long. */
export const STREAKS = {
  goesOn: { en_us: '{} failures, since {}', zh_cn: '失败 {} 次，自 {} 起' },
  over: { en_us: 'recovered after {} failures, {}', zh_cn: '在失败 {} 次、历时 {}后恢复' },
} satisfies Record<string, Text>

export const PHRASES = {
  test: { en_us: '[TEST] ', zh_cn: '[测试] ' },
  correction: { en_us: '[CORRECTION] ', zh_cn: '[更正] ' },
  late: { en_us: '[LATE] ', zh_cn: '[延迟] ' },
  colon: { en_us: ': ', zh_cn: '：' },
  more: { en_us: 'and {} more', zh_cn: '另有 {} 个' },
  inferred: { en_us: ' (inferred)', zh_cn: '（推断）' },
  probably: { en_us: 'probably ', zh_cn: '可能是 ' },
} satisfies Record<string, Text>
