import type { Language, Text } from '../language.ts'
import type { ReasonCode } from '../outcome.ts'

/** What a person can do about each reason, in a few words. */
export const REMEDIES = {
  http_auth: {
    en_us: 'check the key or token, and that it may send',
    zh_cn: '请检查密钥或令牌及其权限',
  },
  http_not_found: { en_us: 'check the URL, its path above all', zh_cn: '请检查 URL，尤其是路径' },
  http_gone: {
    en_us: 'the address was given up; get a new URL or remove the endpoint',
    zh_cn: '该地址已停用，请换用新的 URL 或删除此端点',
  },
  http_redirect: {
    en_us: 'write the address it moved to as url',
    zh_cn: '请将 url 改为跳转后的地址',
  },
  http_too_large: {
    en_us: 'raise the size that the receiver accepts',
    zh_cn: '请调大接收端允许的请求大小',
  },
  http_rejected: {
    en_us: 'the receiver does not take this request; check url and type, and its log',
    zh_cn: '接收端不接受该请求，请检查 url、type 与接收端日志',
  },
  http_rate_limited: {
    en_us: 'too many messages; wait, or send it fewer events',
    zh_cn: '发送过于频繁，请稍候或减少发送的事件',
  },
  http_server_error: {
    en_us: 'the receiver has a fault; look at its log, or wait',
    zh_cn: '接收端出错，请查看其日志或稍候',
  },
  dns: {
    en_us: 'check the host name in the URL, and the DNS of this machine',
    zh_cn: '请检查 URL 中的主机名及本机 DNS',
  },
  refused: {
    en_us: 'check that the receiver runs, and the port in the URL',
    zh_cn: '请检查接收端是否在运行，以及 URL 中的端口',
  },
  reset: {
    en_us: 'the connection was cut; check http or https, the receiver and what lies between',
    zh_cn: '连接被中断，请检查 http/https、接收端与中间网络',
  },
  unreachable: {
    en_us: 'check the network of this machine and the address in the URL',
    zh_cn: '请检查本机网络与 URL 中的地址',
  },
  tls: {
    en_us: 'check the certificate of the receiver, its host name, and the clock of this machine',
    zh_cn: '请检查接收端证书、主机名与本机时间',
  },
  proxy: {
    en_us: 'check proxy, its password, and HTTP_PROXY, HTTPS_PROXY and NO_PROXY',
    zh_cn: '请检查 proxy 及其密码，以及 HTTP_PROXY、HTTPS_PROXY、NO_PROXY',
  },
  timeout: {
    en_us: 'check that the receiver answers in time, or raise timeout',
    zh_cn: '请检查接收端能否及时应答，或调大 timeout',
  },
  vendor: {
    en_us: 'the service says no; read its words, check key and options',
    zh_cn: '服务方拒绝，请按其提示检查密钥与选项',
  },
  vendor_quota: {
    en_us: 'the quota of the day is used up; wait until it is renewed, or send fewer events',
    zh_cn: '当日额度已用完，请等待额度恢复或减少发送的事件',
  },
  bad_answer: {
    en_us: 'the answer is not that of this service; check url and type',
    zh_cn: '应答不符合该服务的格式，请检查 url 与 type',
  },
  stopped: { en_us: 'the bridge was stopped; send it again', zh_cn: '程序已停止，请重新发送' },
  internal: {
    en_us: 'a fault of the bridge; please report it with the log',
    zh_cn: '程序内部错误，请附上日志反馈',
  },
} satisfies Record<ReasonCode, Text>

export function remedyOf(code: ReasonCode, language: Language): string {
  return REMEDIES[code][language]
}
