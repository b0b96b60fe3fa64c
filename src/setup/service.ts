/** The services that a person is asked for, and what of each makes an endpoint: one row, one question. */
import type { Text } from '../language.ts'

/** An endpoint of the config, as it is written there. */
export type EndpointBlock = { name: string; type: string; [key: string]: unknown }

export type Service = {
  /** The provider's own type. */
  type: string
  label: Text
  hint: Text
  /** For the one thing that makes an endpoint of it: a key, or a URL. */
  question: Text
  /** An environment variable that answers it (config.example.json has the same). */
  variable: string
  /** The endpoint of an answer that `faultOf` finds nothing wrong with, or of `${VARIABLE}`. */
  endpoint(answer: string): EndpointBlock
  /** Whether a whole URL is asked for. */
  wantsUrl: boolean
}

export const SERVICES: readonly Service[] = [
  {
    type: 'bark',
    label: { en_us: 'Bark', zh_cn: 'Bark' },
    hint: { en_us: 'push to an iPhone', zh_cn: '推送到 iPhone' },
    question: {
      en_us: 'Your Bark key, or the URL that the Bark app shows',
      zh_cn: 'Bark 的 key，或 Bark App 中显示的 URL',
    },
    variable: 'PB_BARK_KEY',
    wantsUrl: false,
    endpoint: answer => ({ name: 'phone', type: 'bark', ...barkOf(answer) }),
  },
  {
    type: 'serverchan',
    label: { en_us: 'ServerChan', zh_cn: 'Server酱' },
    hint: { en_us: 'push to WeChat', zh_cn: '推送到微信' },
    question: { en_us: 'Your SendKey of ServerChan', zh_cn: 'Server酱 的 SendKey' },
    variable: 'PB_SERVERCHAN_KEY',
    wantsUrl: false,
    endpoint: answer => ({ name: 'wechat', type: 'serverchan', serverchan: { sendkey: sendkeyOf(answer) } }),
  },
  {
    type: 'webhook',
    label: { en_us: 'Webhook', zh_cn: 'Webhook' },
    hint: { en_us: 'JSON to any URL', zh_cn: '向任意 URL 发送 JSON' },
    question: { en_us: 'The URL of your webhook', zh_cn: 'Webhook 的 URL' },
    variable: 'PB_WEBHOOK_URL',
    wantsUrl: true,
    endpoint: answer => ({ name: 'webhook', type: 'webhook', url: answer }),
  },
  {
    type: 'heartbeat',
    label: { en_us: 'Heartbeat', zh_cn: '心跳监控' },
    hint: {
      en_us: 'healthchecks.io or Uptime Kuma, which raise an alarm when no backup comes',
      zh_cn: 'healthchecks.io 或 Uptime Kuma，备份未按时完成时报警',
    },
    question: {
      en_us: 'The ping URL of your check, or the push URL of your monitor',
      zh_cn: '检查项的 ping URL，或监控项的推送 URL',
    },
    variable: 'PB_HEARTBEAT_URL',
    wantsUrl: true,
    endpoint: answer => ({ name: 'heartbeat', type: 'heartbeat', url: answer }),
  },
]

/** What is wrong with an answer, for the person who typed it; never quotes it. */
export function faultOf(typed: string, { wantsUrl }: Pick<Service, 'wantsUrl'>): Text | undefined {
  const answer = typed.trim()
  if (answer === '') return { en_us: 'Nothing was entered', zh_cn: '输入为空' }
  if (/[\s\p{Cc}\p{Cf}"'<>\\]/u.test(answer))
    return {
      en_us: 'There is a space, a line break or a quote inside; copy it again',
      zh_cn: '其中含有空格、换行或引号，请重新复制',
    }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is meant.
  if (!/^[\x00-\x7f]*$/.test(answer))
    return {
      en_us: 'There is a letter inside that no key and no URL has; copy it again',
      zh_cn: '其中含有密钥或 URL 不会有的字符，请重新复制',
    }
  const url = URL.parse(answer)
  if (wantsUrl && (url === null || !/^https?:$/.test(url.protocol)))
    return {
      en_us: 'Enter a URL that begins with https:// or http://',
      zh_cn: '请输入以 https:// 或 http:// 开头的 URL',
    }
  return undefined
}

/** The app shows `https://api.day.app/KEY/…`; of another server, its address is needed too. */
function barkOf(answer: string): { url?: string; bark: { device_key: string } } {
  const url = URL.parse(answer)
  const [, key = ''] = url?.pathname.split('/') ?? []
  if (!url || !/^https?:$/.test(url.protocol) || key === '') return { bark: { device_key: answer } }
  return {
    ...(url.hostname !== 'api.day.app' && { url: `${url.origin}/push` }),
    bark: { device_key: decodeURIComponent(key) },
  }
}

/** Of `https://sctapi.ftqq.com/KEY.send` too. */
function sendkeyOf(answer: string): string {
  return /^https?:\/\/.*\/([^/?]+)\.send\b/.exec(answer)?.[1] ?? answer
}
