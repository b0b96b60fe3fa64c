/** What the bridge says of itself: each code with its words and remedy, and at most one an hour of each. What was held back is said when the hour is over. */
import { createHash } from 'node:crypto'
import type { Clock } from './clock.ts'
import { type Json, type LifecycleEvent, NOTICE } from './event.ts'
import type { Text } from './language.ts'

export const NOTICES = {
  endpoint_paused: {
    en_us: 'endpoint {} is paused: {}. It is tried every 6 hours; mend it, then run: pb-bridge resume {}',
    zh_cn: '端点 {} 已暂停：{}。每 6 小时会再试一次；修复后请运行：pb-bridge resume {}',
  },
  endpoint_resumed: {
    en_us: 'endpoint {} works again',
    zh_cn: '端点 {} 已恢复',
  },
  dead_letter: {
    en_us: 'a notification ({}) could not be delivered to {}: {}. To send it again: pb-bridge resend {}',
    zh_cn: '一条通知（{}）无法送达 {}：{}。重新发送：pb-bridge resend {}',
  },
  dead_letters: {
    en_us:
      '{} more notifications could not be delivered to {}. To send them again: pb-bridge resend --dead --endpoint {}',
    zh_cn: '另有 {} 条通知无法送达 {}。重新发送：pb-bridge resend --dead --endpoint {}',
  },
  store_at_risk: {
    en_us:
      "the store can't be written ({}): events live in memory and are lost if the bridge stops. Free or repair the disk",
    zh_cn: '存储无法写入（{}）：事件仅保存在内存中，通知桥停止就会丢失。请清理或修复磁盘',
  },
  store_recovered: {
    en_us: 'the store is written again',
    zh_cn: '存储已恢复写入',
  },
  store_corrupt: {
    en_us:
      'the store was corrupt; it was moved to {} and begun anew. Notifications that waited in it may be lost',
    zh_cn: '存储已损坏，已移至 {} 并重新开始。其中等待发送的通知可能丢失',
  },
  store_forgot: {
    en_us:
      'the store has not been writable for so long that {} records were forgotten. Free or repair the disk',
    zh_cn: '存储长时间无法写入，已丢弃 {} 条记录。请清理或修复磁盘',
  },
  log_unreadable: {
    en_us: "server {}: MCDReforged's log can't be read for over a minute: {}",
    zh_cn: '服务器 {}：MCDReforged 日志已超过一分钟无法读取：{}',
  },
  log_readable: {
    en_us: "server {}: MCDReforged's log can be read again; what it says of the time between is told late",
    zh_cn: '服务器 {}：MCDReforged 日志已恢复读取；其间发生的事件将补报',
  },
  log_silent: {
    en_us:
      "server {}: chat shows lines of Prime Backup that {} does not have; set mcdr.log to the log of this server's MCDReforged",
    zh_cn:
      '服务器 {}：聊天中出现了 Prime Backup 的消息，但 {} 中没有；请将 mcdr.log 设为该服务器 MCDReforged 的日志',
  },
  database_unreadable: {
    en_us: "server {}: Prime Backup's database can't be read: {}",
    zh_cn: '服务器 {}：无法读取 Prime Backup 的数据库：{}',
  },
  blind: {
    en_us:
      "server {}: the bot can't get in, though the server answers, and no log is read: nothing of Prime Backup is seen. The bridge's own log has the reason",
    zh_cn:
      '服务器 {}：服务器有响应，但机器人无法进入，也没有可读的日志：看不到 Prime Backup 的任何动静。原因见通知桥自身的日志',
  },
  sees_again: {
    en_us: 'server {}: Prime Backup is seen again',
    zh_cn: '服务器 {}：已恢复对 Prime Backup 的观察',
  },
  backup_too_old: {
    en_us: 'no backup has succeeded for {}; see whether Prime Backup still makes them',
    zh_cn: '已有 {}没有成功的备份；请检查 Prime Backup 是否仍在备份',
  },
  digest: {
    en_us: '{} events while it was quiet',
    zh_cn: '静默期间共有 {} 个事件',
  },
  backup_overdue: {
    en_us: 'a scheduled backup is {} overdue; see whether Prime Backup and its schedule still run',
    zh_cn: '定时备份已逾期 {}；请检查 Prime Backup 及其定时任务是否仍在运行',
  },
  schedule_unclear: {
    en_us:
      "the dates that Prime Backup names for its next backup do not fit this machine's clock, so an overdue backup is told late; set servers[].timeZone to the zone of its machine, or set the clocks",
    zh_cn:
      'Prime Backup 给出的下次备份时间与本机时钟不符，逾期的备份会延后提示；请将 servers[].timeZone 设为其所在机器的时区，或校准时钟',
  },
  mcdr_silent: {
    en_us:
      "server {}: it does not answer, though MCDReforged's log says that it runs: nothing of Prime Backup is seen. See whether MCDReforged was killed, or the server hangs",
    zh_cn:
      '服务器 {}：MCDReforged 日志显示其正在运行，但服务器没有响应：看不到 Prime Backup 的任何动静。请检查 MCDReforged 是否已被终止，或服务器是否卡死',
  },
  backup_stuck: {
    en_us: 'the backup has been running for {}, far longer than any before; see what holds it',
    zh_cn: '备份已运行 {}，远超以往；请检查是什么卡住了它',
  },
} satisfies { [code: string]: Text }

export type NoticeCode = keyof typeof NOTICES

export const NOTICE_INTERVAL_MS = 3_600_000

/** What one of a pair says ends what the other said: the later one is the truth. */
const OPPOSITES: { [C in NoticeCode]?: NoticeCode } = {
  endpoint_paused: 'endpoint_resumed',
  endpoint_resumed: 'endpoint_paused',
  store_at_risk: 'store_recovered',
  store_recovered: 'store_at_risk',
  log_unreadable: 'log_readable',
  log_readable: 'log_unreadable',
  blind: 'sees_again',
  mcdr_silent: 'sees_again',
  sees_again: 'blind',
}

export type Notices = {
  /**
   * `about` is what it is about: an endpoint, a server. Where the same was said within the hour, it waits for the end
   * of that hour, and is said then if nothing has overtaken it.
   */
  raise(code: NoticeCode, about: string, ...values: string[]): void
  /** What still waits is not said. */
  stop(): void
}

type Held = { values: string[]; times: number; cancel(): void }

export function createNotices(clock: Clock, tell: (event: LifecycleEvent) => void): Notices {
  const saidAt = new Map<string, number>()
  const held = new Map<string, Held>()
  let stopped = false

  function say(code: NoticeCode, about: string, values: string[]) {
    saidAt.set(keyOf(code, about), clock.monotonic())
    tell(notice(code, clock.now(), about, values))
  }

  function hold(code: NoticeCode, about: string, values: string[], waitMs: number) {
    const key = keyOf(code, about)
    const waiting = held.get(key)
    if (waiting) {
      waiting.values = values
      waiting.times += 1
      return
    }
    const cancel = clock.after(waitMs, () => {
      const now = held.get(key)
      held.delete(key)
      if (!now || stopped) return
      // Many dead letters are one notice, with the command that sends them all again.
      if (code !== 'dead_letter') return say(code, about, now.values)
      saidAt.set(key, clock.monotonic())
      return say('dead_letters', about, [String(now.times), about, about])
    })
    held.set(key, { values, times: 1, cancel })
  }

  return {
    raise: (code, about, ...values) => {
      if (stopped) return
      const opposite = OPPOSITES[code]
      if (opposite) {
        held.get(keyOf(opposite, about))?.cancel()
        held.delete(keyOf(opposite, about))
      }
      const last = saidAt.get(keyOf(code, about))
      const waitMs = last === undefined ? 0 : last + NOTICE_INTERVAL_MS - clock.monotonic()
      if (waitMs > 0) hold(code, about, values, waitMs)
      else say(code, about, values)
    },
    stop: () => {
      stopped = true
      for (const { cancel } of held.values()) cancel()
      held.clear()
    },
  }
}

function keyOf(code: NoticeCode, about: string): string {
  return `${code} ${about}`
}

function notice(code: NoticeCode, at: number, about: string, values: string[]): LifecycleEvent {
  return noticeOf(code, {
    at,
    about,
    server: '',
    values: values.map(value => ({ en_us: value, zh_cn: value })),
    extra: about === '' ? {} : { about },
  })
}

/** A notice as an event; its id follows from what it is about and when. `values` fill the `{}` of its words. */
export function noticeOf(
  code: NoticeCode,
  told: { at: number; server: string; about?: string; values: Text[]; extra: { [key: string]: Json } },
): LifecycleEvent {
  const { at, server, about = server, values, extra } = told
  const digest = createHash('sha256')
    .update(JSON.stringify([code, about, at]))
    .digest('hex')
    .slice(0, 16)
  const fill = (language: keyof Text) => {
    let used = 0
    return NOTICES[code][language].replace(/\{\}/g, () => values[used++]?.[language] ?? '')
  }
  return {
    id: `notice-${digest}`,
    taskId: `notice-${digest}`,
    name: NOTICE,
    at,
    server,
    running: null,
    notice: { code, text: { en_us: fill('en_us'), zh_cn: fill('zh_cn') } },
    extra,
  }
}
