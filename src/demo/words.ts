/**
 * Prime Backup's and MCDR's words in both languages, as the recordings have them; `{}` is where an argument stands.
 * Those marked † are in no recording and were taken from the language files of Prime Backup.
 */
import type { Text } from '../language.ts'

const text = (en_us: string, zh_cn: string): Text => ({ en_us, zh_cn })

export const WORDS = {
  createTask: text('create backup', '创建备份'),
  restoreTask: text('restore backup', '回档'),
  creating: text('Creating backup, please wait', '创建备份中...请稍等'),
  completed: text(
    'Backup completed, ID {}, cost {}, total {} (+{})',
    '备份完成, ID {}, 耗时{}, 体积{} (+{})',
  ),
  costHover: text('save wait: {}\ncreate backup: {}', '等待世界保存: {}\n创建备份: {}'),
  sizeHover: text('Stored size: {} ({})\nRaw size: {}', '储存大小: {} ({})\n原始大小: {}'),
  totalBlobs: text('Total blobs: {} ({} / {}, disk touched {})', '数据对象: {} ({} / {}, 涉及磁盘 {})'),
  directBlobs: text('Direct blobs: {} ({} / {})', '直存数据对象: {} ({} / {})'),
  chunks: text('Chunks: {} ({} / {})', '数据块: {} ({} / {})'),
  saveTimedOut: text(
    'Waiting for the world to save timed out, aborting backup task',
    '等待世界保存超时, 备份任务终止',
  ),
  /** † */
  unloaded: text('Plugin unloaded, backup task aborted', '插件卸载, 备份任务终止'),
  aborted: text('Task {} aborted', '{}任务已终止'),
  raised: text(
    'Task {} execution error, see console for more error',
    '任务{}执行失败, 见控制台以了解错误详情',
  ),

  schedule: text('Schedule backup', '定时备份'),
  triggered: text('{} triggered', '{}触发'),
  scheduleCompleted: text('{} completed, next execution at {}', '{}完成, 下次执行: {}'),
  scheduleFailed: text('{} completed with error, next execution at {}', '{}失败, 下次执行: {}'),
  scheduleSkipped: text('{} aborted with reason: {}', '{}被终止, 原因: {}'),
  timerReset: text(
    'Detected new backup, timer reset. Next scheduled backup at {}',
    '检测到新增的备份, 重置定时器。下次定时备份: {}',
  ),
  /** † in English, with `scheduleSkipped`. */
  foundOngoing: text(
    'Found ongoing task {}, job {} execution skipped',
    '发现正在进行的任务{}, 跳过本次{}作业执行',
  ),

  asked: text('Gonna restore the world to {}', '将要回档至{}'),
  brief: text('backup {}: {}', '备份{}: {}'),
  noComment: text('no comment', '空'),
  countdown: text('{} second later, the world will §cbe restored§r to {}', '{}秒后将§c回档§r至{}'),
  countdownHover: text('Click me or enter command {} to abort restore', '点我或输入{}以终止回档'),
  notChosen: text('No choice has been made, task {} aborted', '未做出选择, {}任务已终止'),
  choose: text('Please choose within {}: [{}], [{}]', '请在{}内作出选择: [{}], [{}]'),
  restoreTarget: text('restore', '回档'),
  confirm: text('Confirm {}', '确认{}'),
  confirmHover: text('Click me or enter command {} to confirm {}', '点我或输入指令{}以确认{}'),
  abort: text('Abort {}', '终止{}'),
  abortHover: text('Click me or enter command {} to abort {}', '点我或输入指令{}以终止{}'),

  confirming: text('Confirming {} task', '正在确认{}任务'),
  aborting: text('Aborting {} task', '正在终止{}任务'),
  nothingToAbort: text('Nothing to abort', '没有什么是需要终止的'),
  mayNotAbort: text("You don't have the permission to abort the current task", '权限不足，无法终止当前任务'),
  /** † */
  notAbortable: text('The current task {} is not abort-able', '当前任务{}无法被终止'),
  /** † */
  nothingToConfirm: text('Nothing to confirm', '没有什么是需要确认的'),
  /** † */
  notYourTask: text('Nothing for you to confirm', '你没有什么是需要确认的'),
  busy: text('Please wait for the ongoing task {} to finish', '请等待当前任务{}完成'),
  busyHint: text('You can also abort the ongoing task', '你也可以选择终止当前任务'),
  busyHover: text('Click me or enter command {} to abort the ongoing task', '点我或输入{}以终止当前任务'),
  notFound: text('Backup with ID {} does not exist', 'ID为{}的备份不存在'),
  /** † */
  noBackup: text('No available backup to restore', '未找到可用于回档的备份'),

  showTitle: text('Backup {}', '备份{}'),
  date: text('Creation date: {}', '创建日期: {}'),
  comment: text('Comment: {}', '注释: {}'),
  storedSize: text('Size (stored): {} ({})', '存储大小: {} ({})'),
  rawSize: text('Size (raw): {}', '原始大小: {}'),
  creator: text('Creator: {}', '创建者: {}'),
  creatorHover: text('Click to list backups created by {}', '点击以列出{}创建的所有备份'),
  player: text('Player {}', '玩家{}'),
  console: text('Console', '控制台'),
  /** † */
  scheduledBackup: text('Scheduled backup', '定时备份'),
  preRestore: text('Automatic backup before restore', '回档前的自动备份'),
  preRestoreComment: text('Automatic backup before restoring to #{}', '回档至#{}前的自动备份'),
  /** † */
  scheduledComment: text('Scheduled Backup', '定时备份'),
  tags: text('Tags: {}', '标签: {}'),
  noTags: text('empty', '空'),
  /** † in Chinese. */
  tagCount: text('Tags (size={}):', '标签(共{}条):'),
  temporary: text('Temporary backup', '临时备份'),

  listTitle: text('Backup list', '备份列表'),
  listCount: text('There are {} backups:', '共有{}个备份:'),
  restoreTo: text('Restore to backup {}', '回档至备份{}'),
  deleteIt: text('Delete backup {}', '删除备份{}'),
  welcome: text(
    'A powerful backup plugin for MCDR, an advanced backup solution for your Minecraft world',
    '一个强大的MCDR备份插件，一套先进的Minecraft存档备份解决方案',
  ),

  idHover: text('Backup ID: {}', '备份ID: {}'),
  clickHint: text('Click to show details', '点击以展示详情'),
  ago: text('{} ago', '{}前'),
  later: text('{} later', '{}后'),
  /** MCDR's own. */
  unknownArgument: text('Unknown argument', '未知参数'),
  permissionDenied: text('Permission denied', '权限不足'),
  processStopped: text('Server process stopped with code {}', '服务器进程已停止，返回代码为 {}'),
  killed: text('{} (terminated by signal SIGKILL)', '{} (被信号 SIGKILL 终止)'),
  serverStopped: text('Server stopped', '服务端已关闭'),
  serverStarting: text('Starting the server with command {}', '正在启动服务端，启动参数为 {}'),
  serverRunning: text('Server is running at PID {}', '服务端正在以 PID {} 运行中'),
  notSent: text(
    'Server has been terminated, cannot send command to its stdin',
    '服务端已关闭，不能向其标准输入流输入命令',
  ),
  notSentCommand: text('Command being sent: {}...', '被输入的命令: {}...'),
} as const satisfies { [key: string]: Text }

export type Word = keyof typeof WORDS

/** Units of a duration, the singular first; Chinese has no plural, but the same shape. */
export const UNITS: { [L in keyof Text]: { second: string; minute: string; hour: string; plural: string } } =
  {
    en_us: { second: 'second', minute: 'minute', hour: 'hour', plural: 's' },
    zh_cn: { second: '秒', minute: '分钟', hour: '小时', plural: '' },
  }
