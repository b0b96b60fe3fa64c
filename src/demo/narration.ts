/** The words of the tour, in both languages. */
import type { Text } from '../language.ts'

export const NARRATION = {
  welcome: {
    en_us: 'A practice Minecraft server, the real bridge and a local receiver: all on this machine.',
    zh_cn: '一个练习用 Minecraft 服务器、真正的通知桥和一个本地接收端，全部在本机运行。',
  },
  server: { en_us: 'The practice server {} listens on {}.', zh_cn: '练习服务器 {} 正在监听 {}。' },
  receiver: {
    en_us: 'The receiver stands in for a webhook, Bark and ServerChan at {}.',
    zh_cn: '接收端在 {} 充当 webhook、Bark 和 Server酱。',
  },
  joined: {
    en_us: 'The bot {} has joined. It only reads chat.',
    zh_cn: '机器人 {} 已进入游戏，它只读取聊天。',
  },
  backup: { en_us: '1. A player makes a backup.', zh_cn: '1. 玩家创建一个备份。' },
  failing: {
    en_us: "2. A backup fails. Chat says nothing of it; MCDReforged's log has the reason.",
    zh_cn: '2. 一个备份失败了。聊天里没有任何提示，但 MCDReforged 的日志里有原因。',
  },
  restore: {
    en_us: '3. A restore: countdown, the server stops, and comes back. The bot too, in some seconds.',
    zh_cn: '3. 回档：倒计时，服务器停止，然后恢复。几秒后机器人也会回来。',
  },
  test: {
    en_us: '4. An operator asks for a test notification, and is answered in chat.',
    zh_cn: '4. 管理员请求一条测试通知，并在聊天里得到回答。',
  },
  alone: { en_us: 'to Steve alone', zh_cn: '仅 Steve 可见' },
  arrived: { en_us: '✓ {} of {} notifications arrived', zh_cn: '✓ {}/{} 条通知已送达' },
  missing: { en_us: '✗ only {} of {} notifications arrived', zh_cn: '✗ 只送达了 {}/{} 条通知' },
  answered: { en_us: '✓ the test was answered in chat', zh_cn: '✓ 测试已在聊天中得到回答' },
  unanswered: { en_us: '✗ the test was not answered in chat', zh_cn: '✗ 测试没有在聊天中得到回答' },
  allWell: { en_us: 'All of it arrived.', zh_cn: '全部送达。' },
  notWell: { en_us: 'Not all of it arrived.', zh_cn: '有通知没有送达。' },
  stays: {
    en_us: 'It stays up. You are the player {}: type chat, for example',
    zh_cn: '它会继续运行。你现在是玩家 {}，可以输入聊天，例如',
  },
  fail: { en_us: 'makes the next backup fail', zh_cn: '让下一个备份失败' },
  quit: { en_us: 'ends the demo (so does Ctrl-C)', zh_cn: '结束演示（Ctrl-C 也可以）' },
} satisfies { [key: string]: Text }
