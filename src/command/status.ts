/** What `!!pb notify …` answers, in both languages. Pure. */
import { clip } from '../delivery/plain.ts'
import { formatDuration } from '../duration.ts'
import type { Language, Text } from '../language.ts'
import type { Line } from './reply.ts'

/** How things stand with one server and with all endpoints. Times are epoch milliseconds. */
export type Status = {
  /** Undefined where there is no bot. */
  bot?: 'in' | 'out'
  /** Undefined where no log is followed. */
  log?: 'read' | 'unreadable'
  /** A backup or a restore runs. */
  running?: 'backup' | 'restore'
  lastSuccessAt: number | null
  /** Backups that failed in a row, up to now. */
  failures: number
  schedule: { dueAt: number | null; said: boolean; paused: boolean }
  waiting: number
  dead: number
  paused: string[]
  muted: { endpoint: string; until: number }[]
}

/** Of several endpoints in one line of chat. */
const LONGEST_NAMES = 60

const TEXTS = {
  sources: { en_us: 'Sources: {}', zh_cn: '来源: {}' },
  botIn: { en_us: 'bot in the game', zh_cn: '机器人在线' },
  botOut: { en_us: 'bot out of the game', zh_cn: '机器人离线' },
  logRead: { en_us: 'log read', zh_cn: '日志可读' },
  logUnreadable: { en_us: 'log unreadable', zh_cn: '日志不可读' },
  runsBackup: { en_us: 'a backup runs', zh_cn: '正在备份' },
  runsRestore: { en_us: 'a restore runs', zh_cn: '正在回档' },
  last: { en_us: 'Last backup: {} ago', zh_cn: '上次备份: {}前' },
  lastUnknown: { en_us: 'Last backup: none seen yet', zh_cn: '上次备份: 尚未看到' },
  failures: { en_us: ', {} failed since', zh_cn: '，其后失败 {} 次' },
  next: { en_us: 'Next due: in {}', zh_cn: '下次备份: {}后' },
  nextAtMost: { en_us: 'Next due: in {} at most', zh_cn: '下次备份: 最迟 {}后' },
  nextNow: { en_us: 'Next due: now', zh_cn: '下次备份: 现在' },
  nextPaused: { en_us: 'Next due: the schedule is paused', zh_cn: '下次备份: 定时任务已暂停' },
  nextUnknown: { en_us: 'Next due: not known', zh_cn: '下次备份: 未知' },
  deliveries: { en_us: 'Deliveries: {} waiting, {} dead', zh_cn: '投递: {} 条等待，{} 条失败' },
  paused: { en_us: '; paused: {}', zh_cn: '；已暂停: {}' },
  muted: { en_us: '; muted: {}', zh_cn: '；已静音: {}' },
  left: { en_us: '{} ({} left)', zh_cn: '{}（剩余 {}）' },
  isMuted: {
    en_us: 'Muted for {}: {}. What happens meanwhile is told as one digest then; to end it: {} notify unmute',
    zh_cn: '已静音 {}: {}。期间的事件会在结束后汇总通知；提前结束: {} notify unmute',
  },
  isUnmuted: { en_us: 'Told again: {}', zh_cn: '已恢复通知: {}' },
  nobodyMuted: {
    en_us: 'No endpoint is for people (notices); name one: {}',
    zh_cn: '没有面向人的端点（notices），请写明名称: {}',
  },
  notMuted: { en_us: 'Nothing is muted', zh_cn: '没有静音的端点' },
  noEndpoint: {
    en_us: 'No endpoint "{}" that can be muted; there are: {}',
    zh_cn: '没有可静音的端点“{}”，可用的有: {}',
  },
  noDuration: {
    en_us: '"{}" is no time from 1m to 30d; write for example: {} notify mute 2h',
    zh_cn: '“{}”不是 1m 到 30d 的时长，例如: {} notify mute 2h',
  },
} satisfies { [key: string]: Text }

function say(key: keyof typeof TEXTS, language: Language, ...values: string[]): string {
  let used = 0
  return TEXTS[key][language].replace(/\{\}/g, () => values[used++] ?? '')
}

/** Four lines: what is seen, the last backup, the next one, the deliveries. */
export function statusLines(status: Status, now: number, language: Language): Line[] {
  return [
    sourcesLine(status, language),
    lastLine(status, now, language),
    nextLine(status, now, language),
    deliveriesLine(status, now, language),
  ]
}

function sourcesLine({ bot, log, running }: Status, language: Language): Line {
  const parts: (keyof typeof TEXTS)[] = []
  if (bot) parts.push(bot === 'in' ? 'botIn' : 'botOut')
  if (log) parts.push(log === 'read' ? 'logRead' : 'logUnreadable')
  if (running) parts.push(running === 'backup' ? 'runsBackup' : 'runsRestore')
  const words = parts.map(part => say(part, language)).join(language === 'zh_cn' ? '，' : ', ')
  const blind = bot !== 'in' && log !== 'read'
  return { text: say('sources', language, words), color: blind ? 'red' : 'green' }
}

function lastLine({ lastSuccessAt, failures }: Status, now: number, language: Language): Line {
  const text =
    lastSuccessAt === null
      ? say('lastUnknown', language)
      : say('last', language, ago(now - lastSuccessAt, language))
  if (failures === 0) return { text, ...(lastSuccessAt !== null && { color: 'green' }) }
  return { text: text + say('failures', language, String(failures)), color: 'red' }
}

function nextLine({ schedule }: Status, now: number, language: Language): Line {
  const { dueAt, said, paused } = schedule
  if (paused) return { text: say('nextPaused', language), color: 'yellow' }
  if (dueAt === null) return { text: say('nextUnknown', language), color: 'gray' }
  if (dueAt <= now) return { text: say('nextNow', language) }
  return { text: say(said ? 'next' : 'nextAtMost', language, ago(dueAt - now, language)) }
}

function deliveriesLine({ waiting, dead, paused, muted }: Status, now: number, language: Language): Line {
  const names = muted.map(({ endpoint, until }) =>
    say('left', language, endpoint, ago(until - now, language)),
  )
  const text = [
    say('deliveries', language, String(waiting), String(dead)),
    ...(paused.length > 0 ? [say('paused', language, listed(paused))] : []),
    ...(names.length > 0 ? [say('muted', language, listed(names))] : []),
  ].join('')
  return { text, ...((dead > 0 || paused.length > 0) && { color: 'yellow' }) }
}

export function mutedLine(endpoints: string[], forMs: number, prefix: string, language: Language): Line {
  return {
    text: say('isMuted', language, formatDuration(forMs, language), listed(endpoints), prefix),
    color: 'yellow',
  }
}

export function nothingToMuteLine(known: string[], language: Language): Line {
  return { text: say('nobodyMuted', language, listed(known)), color: 'yellow' }
}

export function unmutedLine(endpoints: string[], language: Language): Line {
  return endpoints.length === 0
    ? { text: say('notMuted', language), color: 'gray' }
    : { text: say('isUnmuted', language, listed(endpoints)), color: 'green' }
}

export function unknownEndpointLine(asked: string, known: string[], language: Language): Line {
  return { text: say('noEndpoint', language, clip(asked, 32), listed(known)), color: 'red' }
}

export function badDurationLine(asked: string, prefix: string, language: Language): Line {
  return { text: say('noDuration', language, clip(asked, 32), prefix), color: 'red' }
}

function ago(durationMs: number, language: Language): string {
  return formatDuration(Math.max(0, Math.round(durationMs / 1000) * 1000), language)
}

function listed(names: string[]): string {
  return clip(names.join(', '), LONGEST_NAMES)
}
