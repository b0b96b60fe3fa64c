/**
 * What Prime Backup says, as data: one row a line, in both languages, anchored at both ends.
 * Source: facts/prime-backup.md section 1; the strings have not changed since PB 1.5.0.
 */
import type { Fact } from '../observation.ts'

/** The date that PB prints: the server's local time, without a zone; where a schedule is paused, that. */
const DATE = String.raw`(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|Paused|已暂停)`
const SIZE = String.raw`(\d{1,7}(?:\.\d{1,4})?[KMGTPE]?i?B)`
const COST = String.raw`(\d{1,7}(?:\.\d{1,4})?)s`
const ID = String.raw`#(\d{1,10})`

type Row = {
  /** Each must match the whole text after the prefix; the groups are the same in both. */
  en_us: string
  zh_cn: string
  /** Where a line names a backup, its id stands before any text of a player. */
  fact(groups: string[]): Fact
}

const ROWS: Row[] = [
  {
    en_us: 'Creating backup, please wait',
    zh_cn: String.raw`创建备份中\.\.\.请稍等`,
    fact: () => ({ type: 'backup_started' }),
  },
  {
    en_us: String.raw`Backup completed, ID ${ID}, cost ${COST}, total ${SIZE} \(\+${SIZE}\)`,
    zh_cn: String.raw`备份完成, ID ${ID}, 耗时${COST}, 体积${SIZE} \(\+${SIZE}\)`,
    fact: ([id, cost, total]) => ({
      type: 'backup_completed',
      backup: { id: Number(id), rawBytes: parseSize(total ?? '') },
      costS: Number(cost),
    }),
  },
  {
    en_us: 'Waiting for the world to save timed out, aborting backup task',
    zh_cn: '等待世界保存超时, 备份任务终止',
    fact: () => ({ type: 'backup_ended', message: 'save_wait_time_out' }),
  },
  {
    en_us: 'Task create backup aborted',
    zh_cn: '创建备份任务已终止',
    fact: () => ({ type: 'backup_ended', message: 'aborted' }),
  },
  {
    en_us: 'Plugin unloaded, backup task aborted',
    zh_cn: '插件卸载, 备份任务终止',
    fact: () => ({ type: 'backup_ended', message: 'plugin_unloaded' }),
  },
  {
    en_us: 'Schedule backup triggered',
    zh_cn: '定时备份触发',
    fact: () => ({ type: 'schedule_triggered' }),
  },
  {
    en_us: `Schedule backup completed with error, next execution at ${DATE}`,
    zh_cn: `定时备份失败, 下次执行: ${DATE}`,
    fact: ([next]) => ({ type: 'schedule_failed', next: next ?? '' }),
  },
  {
    en_us: `Schedule backup completed, next execution at ${DATE}`,
    zh_cn: `定时备份完成, 下次执行: ${DATE}`,
    fact: ([next]) => ({ type: 'schedule_completed', next: next ?? '' }),
  },
  {
    en_us: 'Schedule backup aborted with reason: (.*)',
    zh_cn: '定时备份被终止, 原因: (.*)',
    fact: ([reason]) => ({ type: 'schedule_skipped', reason: reason ?? '' }),
  },
  {
    en_us: String.raw`Detected new backup, timer reset\. Next scheduled backup at ${DATE}`,
    zh_cn: `检测到新增的备份, 重置定时器。下次定时备份: ${DATE}`,
    fact: ([next]) => ({ type: 'timer_reset', next: next ?? '' }),
  },
  {
    en_us: `Crontab job schedule backup resumed\\. Next run at: ${DATE}`,
    zh_cn: `定时作业定时备份已继续, 下次运行: ${DATE}`,
    fact: ([next]) => ({ type: 'schedule_resumed', next: next ?? '' }),
  },
  {
    en_us: 'Crontab job schedule backup paused until plugin reload',
    zh_cn: '定时作业定时备份已暂停至本插件卸载',
    fact: () => ({ type: 'schedule_paused' }),
  },
  {
    en_us: `Gonna restore the world to backup ${ID}: (.*)`,
    zh_cn: `将要回档至备份${ID}: (.*)`,
    fact: ([id, comment]) => ({ type: 'restore_asked', backup: backupOf(id, comment) }),
  },
  {
    en_us: 'No choice has been made, task restore backup aborted',
    zh_cn: '未做出选择, 回档任务已终止',
    fact: () => ({ type: 'restore_declined' }),
  },
  {
    en_us: String.raw`!!! (\d{1,6}) seconds? later, the world will be restored to backup ${ID}: (.*)`,
    zh_cn: String.raw`!!! (\d{1,6})秒后将回档至备份${ID}: (.*)`,
    fact: ([seconds, id, comment]) => ({
      type: 'restore_countdown',
      secondsLeft: Number(seconds),
      backup: backupOf(id, comment),
    }),
  },
  {
    en_us: 'Task restore backup aborted',
    zh_cn: '回档任务已终止',
    fact: () => ({ type: 'restore_aborted' }),
  },
]

const PATTERNS = ROWS.flatMap(row =>
  [row.en_us, row.zh_cn].map(source => ({ pattern: new RegExp(`^${source}$`, 's'), fact: row.fact })),
)

/** `text` is a line of PB without its `[PB] `; undefined for a line that says nothing of the lifecycle. */
export function parseMessage(text: string): Fact | undefined {
  const plain = stripFormatting(text)
  for (const { pattern, fact } of PATTERNS) {
    const match = pattern.exec(plain)
    if (match) return fact(match.slice(1))
  }
  return undefined
}

/** PB writes its countdown with Minecraft's old `§c…§r` codes in it; players may write them in comments. */
export function stripFormatting(text: string): string {
  return text.replace(/§./gs, '')
}

/** PB's own words for an empty comment, in both languages. */
export const NO_COMMENT = new Set(['no comment', '空'])

function backupOf(id: string | undefined, comment = ''): { id: number; comment: string } {
  return { id: Number(id), comment: NO_COMMENT.has(comment) ? '' : comment }
}

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** Bytes of a rounded text such as `377.95KiB`; undefined where it is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGTPE]?i?B)$/.exec(text)
  const power = SIZE_UNITS.indexOf(match?.[2] ?? '')
  return match?.[1] === undefined || power < 0 ? undefined : Math.round(Number(match[1]) * 1024 ** power)
}
