/** What the set-up says and asks, in both languages; `{}` are the values, in order. */
import type { Language, Text } from '../language.ts'

const WORDS = {
  exists: {
    en_us:
      '{} is there already, and init writes over nothing; look at it with pb-bridge check, or name another file with --config',
    zh_cn: '{} 已存在，init 不会覆盖任何文件；请用 pb-bridge check 检查它，或用 --config 指定其他文件',
  },
  noFolder: {
    en_us: 'the folder {} is not there; make it, or name another file with --config',
    zh_cn: '文件夹 {} 不存在；请先创建，或用 --config 指定其他文件',
  },
  noRight: {
    en_us:
      'the folder {} may not be written to; give yourself the right to, or name another file with --config',
    zh_cn: '没有写入文件夹 {} 的权限；请先授权，或用 --config 指定其他文件',
  },
  notWritten: {
    en_us: '{} could not be written ({}); nothing is left of it',
    zh_cn: '无法写入 {}（{}），未留下任何内容',
  },
  noMcdr: {
    en_us:
      '{} is no folder of MCDReforged: there is no config.yml of its in it; name the folder that has it with --mcdr',
    zh_cn: '{} 不是 MCDReforged 的文件夹：其中没有它的 config.yml；请用 --mcdr 指定正确的文件夹',
  },
  nearMcdr: {
    en_us: '{} is no folder of MCDReforged, but {} is: name that one with --mcdr',
    zh_cn: '{} 不是 MCDReforged 的文件夹，但 {} 是：请用 --mcdr 指定后者',
  },
  nothingFound: {
    en_us:
      'MCDReforged was not found here; name its folder with --mcdr DIR, or run init in a terminal to be asked. Nothing was written',
    zh_cn: '未找到 MCDReforged；请用 --mcdr DIR 指定其文件夹，或在终端中运行 init 按提示操作。未写入任何内容',
  },
  severalFound: {
    en_us:
      'several folders of MCDReforged were found: {}; name the one to watch with --mcdr DIR, once for each. Nothing was written',
    zh_cn:
      '找到多个 MCDReforged 文件夹：{}；请用 --mcdr DIR 指定要监视的文件夹（可多次指定）。未写入任何内容',
  },
  whichFolder: { en_us: 'Which server shall be watched?', zh_cn: '要监视哪个服务器？' },
  allFolders: { en_us: 'all of them', zh_cn: '全部' },
  whereFolder: {
    en_us: 'In which folder is MCDReforged? (empty: it runs on another machine)',
    zh_cn: 'MCDReforged 在哪个文件夹？（留空表示它运行在另一台机器上）',
  },
  notThere: {
    en_us: 'There is no config.yml of MCDReforged in this folder',
    zh_cn: '该文件夹中没有 MCDReforged 的 config.yml',
  },
  whichAddress: {
    en_us: 'Address of the game server, as HOST or HOST:PORT',
    zh_cn: '游戏服务器地址，格式为 主机 或 主机:端口',
  },
  noAddress: {
    en_us: 'Enter it as mc.example.com or mc.example.com:25565',
    zh_cn: '请按 mc.example.com 或 mc.example.com:25565 的格式输入',
  },
  whichAccount: {
    en_us:
      'The server checks accounts (online-mode=true). E-mail address of a Microsoft account for the bot (empty: no bot, the log is enough)',
    zh_cn:
      '服务器开启了正版验证（online-mode=true）。请输入机器人的微软账号邮箱（留空则不使用机器人，仅凭日志即可）',
  },
  noAccount: { en_us: 'Enter an e-mail address, or nothing', zh_cn: '请输入邮箱地址，或留空' },
  whichService: { en_us: 'Where shall the notifications go?', zh_cn: '通知推送到哪里？' },
  later: { en_us: 'later', zh_cn: '稍后设置' },
  laterHint: { en_us: 'I write it into the config myself', zh_cn: '我自己写入配置文件' },
  sending: { en_us: 'Sending a test notification …', zh_cn: '正在发送测试通知……' },
  failed: { en_us: 'The test did not arrive. What now?', zh_cn: '测试通知未送达，如何处理？' },
  again: { en_us: 'enter it again', zh_cn: '重新输入' },
  keep: { en_us: 'keep it all the same', zh_cn: '仍然保留' },
  stop: { en_us: 'stop, and write nothing', zh_cn: '停止，不写入任何内容' },
  cancelled: { en_us: 'Stopped. Nothing was written.', zh_cn: '已停止，未写入任何内容。' },
  foundMcdr: { en_us: '✓ MCDReforged {} in {} ({}, {})', zh_cn: '✓ MCDReforged {} 位于 {}（{}，{}）' },
  foundServer: {
    en_us: '✓ server on port {}, online-mode={}, white-list={}',
    zh_cn: '✓ 服务器端口 {}，online-mode={}，white-list={}',
  },
  foundBackup: {
    en_us: '✓ Prime Backup {}, commands {}, database {}',
    zh_cn: '✓ Prime Backup {}，指令前缀 {}，数据库 {}',
  },
  schema: { en_us: '{} (version {})', zh_cn: '{}（版本 {}）' },
  noSchema: {
    en_us: '{} (not read: Prime Backup makes it at its first start)',
    zh_cn: '{}（尚未读取，Prime Backup 首次启动时创建）',
  },
  foundZone: {
    en_us: '✓ MCDReforged’s clock shows the time of {}: written as timeZone',
    zh_cn: '✓ MCDReforged 的时钟使用 {} 的时间：已写入 timeZone',
  },
  isProxy: {
    en_us:
      '! {} is the MCDReforged of a proxy ({}), which has no world to back up: name that of a server with --mcdr',
    zh_cn: '! {} 是代理端（{}）的 MCDReforged，没有可备份的世界：请用 --mcdr 指定服务器的文件夹',
  },
  foundFork: {
    en_us: '✓ the notifications of {} are taken over: {}',
    zh_cn: '✓ 已沿用 {} 中的通知设置：{}',
  },
  faultyFork: {
    en_us: '! the notifications of {} are not taken over: {}',
    zh_cn: '! {} 中的通知设置未被沿用：{}',
  },
  foundVariable: { en_us: '✓ {} is set: used for {}', zh_cn: '✓ 已设置 {}：用于 {}' },
  badVariable: { en_us: '! {} is set, but not used: {}', zh_cn: '! 已设置 {}，但未使用：{}' },
  keyAlone: { en_us: 'it is a URL; set it to the key alone', zh_cn: '其值为 URL，请只填写 key' },
  written: { en_us: '{} is written; only you can read it.', zh_cn: '已写入 {}，仅您可读取。' },
  missing: {
    en_us:
      'Missing: where to send. Without a terminal nobody is asked; set {} before init, or write it into the config as below.',
    zh_cn: '缺少：推送对象。没有终端时不会询问；请在运行 init 前设置 {}，或按下文写入配置。',
  },
  toDo: { en_us: 'What is left for you to do:', zh_cn: '还需要您完成：' },
  next: { en_us: 'Then:', zh_cn: '然后：' },
  nextCheck: {
    en_us: 'pb-bridge check{} --online    see that all is well',
    zh_cn: 'pb-bridge check{} --online    检查一切是否正常',
  },
  nextRun: { en_us: 'pb-bridge run{}               watch', zh_cn: 'pb-bridge run{}               开始监视' },
} satisfies { [key: string]: Text }

export type Word = keyof typeof WORDS

export function say(word: Word, language: Language, ...values: (string | number | boolean)[]): string {
  let used = 0
  return WORDS[word][language].replace(/\{\}/g, () => String(values[used++] ?? ''))
}

/** The language of a locale's variables (POSIX: LC_ALL, else LC_MESSAGES, else LANG); undefined where none tells. */
export function localeLanguage(env: { [name: string]: string | undefined }): Language | undefined {
  const locale = [env.LC_ALL, env.LC_MESSAGES, env.LANG].find(value => value !== undefined && value !== '')
  if (locale === undefined || /^(C|POSIX)\b/.test(locale)) return undefined
  return /^zh/i.test(locale) ? 'zh_cn' : 'en_us'
}
