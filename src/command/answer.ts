/** What `!!pb test notify` and `test-notify` answer, in both languages. Texts: facts/compat.md section 6. */
import { clip } from '../delivery/plain.ts'
import { REMEDIES } from '../delivery/remedy.ts'
import type { TestResult } from '../delivery/tester.ts'
import { EVENT_NAMES, type EventName } from '../event.ts'
import type { Language, Text } from '../language.ts'
import type { Manifest } from '../manifest.ts'
import type { Line } from './reply.ts'

/** A longer name would push what came of it out of the line. */
const LONGEST_NAME = 32

const TEXTS = {
  disabled: {
    en_us: 'Notification is disabled or no endpoint configured',
    zh_cn: '通知未启用或未配置推送地址',
  },
  sending: {
    en_us: 'Sending test notification (event: {})...',
    zh_cn: '正在发送测试通知（事件：{}）...',
  },
  success: { en_us: '✓ {} - Success (took: {})', zh_cn: '✓ {} - 成功 (耗时: {})' },
  failed: { en_us: '✗ {} - Failed: {} → {}', zh_cn: '✗ {} - 失败: {} → {}' },
  skipped: { en_us: '- {} - Skipped: it is disabled in the config', zh_cn: '- {} - 已跳过: 配置中已禁用' },
  notSubscribed: {
    en_us: ' (not subscribed to this event otherwise)',
    zh_cn: '（平时未订阅此事件）',
  },
  summary: {
    en_us: 'Summary: {}/{} endpoints succeeded, total time: {}',
    zh_cn: '总计: {}/{} 个端点成功, 总耗时: {}',
  },
  denied: {
    en_us: 'You have no permission for this command of the notification bridge',
    zh_cn: '你没有权限使用通知桥的此命令',
  },
  cooldown: { en_us: 'Please wait {} before the next test', zh_cn: '请等待 {} 后再测试' },
  busy: { en_us: 'A test is already running', zh_cn: '已有测试正在进行' },
  unknownEvent: {
    en_us: 'Unknown event "{}"; write one of: {}',
    zh_cn: '未知事件“{}”，可用的有: {}',
  },
} satisfies { [key: string]: Text }

function say(key: keyof typeof TEXTS, language: Language, ...values: string[]): string {
  let used = 0
  return TEXTS[key][language].replace(/\{\}/g, () => values[used++] ?? '')
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(2)}s`
}

export function disabledLine(language: Language): Line {
  return { text: say('disabled', language), color: 'yellow' }
}

export function sendingLine(event: EventName, language: Language): Line {
  return { text: say('sending', language, event) }
}

export function resultLine(result: TestResult, language: Language): Line {
  const { outcome } = result
  const key = clip(result.key, LONGEST_NAME)
  const note = result.notSubscribed ? say('notSubscribed', language) : ''
  if (outcome.status === 'skipped') return { text: say('skipped', language, key), color: 'gray' }
  if (outcome.status === 'delivered')
    return { text: say('success', language, key, seconds(result.tookMs)) + note, color: 'green' }
  const { code, text } = outcome.reason
  return { text: say('failed', language, key, text, REMEDIES[code][language]) + note, color: 'red' }
}

/** Skipped endpoints do not count. */
export function summaryLine(results: readonly TestResult[], tookMs: number, language: Language): Line {
  const sent = results.filter(({ outcome }) => outcome.status !== 'skipped')
  const delivered = sent.filter(({ outcome }) => outcome.status === 'delivered')
  return {
    text: say('summary', language, String(delivered.length), String(sent.length), seconds(tookMs)),
    color: 'gray',
  }
}

export function deniedLine(language: Language): Line {
  return { text: say('denied', language), color: 'red' }
}

export function cooldownLine(leftMs: number, language: Language): Line {
  return { text: say('cooldown', language, `${Math.ceil(leftMs / 1000)}s`), color: 'yellow' }
}

export function busyLine(language: Language): Line {
  return { text: say('busy', language), color: 'yellow' }
}

export function unknownEventLine(event: string, language: Language): Line {
  return { text: say('unknownEvent', language, event.slice(0, 32), EVENT_NAMES.join(', ')), color: 'red' }
}

/** The commands of the manifest, one line each. */
export function helpLines(manifest: Manifest, prefix: string, language: Language): Line[] {
  return manifest.commands.map(({ usage, description }) => ({
    text: `${usage[language].replace('{prefix}', () => prefix)}: ${description[language]}`,
  }))
}
