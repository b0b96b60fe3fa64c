/** What Prime Backup and MCDReforged print, in both languages; from facts/prime-backup.md and the recordings. */
import type { Language } from '../../src/language.ts'

type Words = { [L in Language]: string }

/** `{}` stands for what changes. */
const WORDS = {
  triggered: { en_us: 'Schedule backup triggered', zh_cn: '定时备份触发' },
  creating: { en_us: 'Creating backup, please wait', zh_cn: '创建备份中...请稍等' },
  completed: {
    en_us: 'Backup completed, ID #{}, cost {}s, total {} (+{})',
    zh_cn: '备份完成, ID #{}, 耗时{}s, 体积{} (+{})',
  },
  saveTimedOut: {
    en_us: 'Waiting for the world to save timed out, aborting backup task',
    zh_cn: '等待世界保存超时, 备份任务终止',
  },
  aborted: { en_us: 'Task create backup aborted', zh_cn: '创建备份任务已终止' },
  unloaded: { en_us: 'Plugin unloaded, backup task aborted', zh_cn: '插件卸载, 备份任务终止' },
  scheduleCompleted: {
    en_us: 'Schedule backup completed, next execution at {}',
    zh_cn: '定时备份完成, 下次执行: {}',
  },
  scheduleFailed: {
    en_us: 'Schedule backup completed with error, next execution at {}',
    zh_cn: '定时备份失败, 下次执行: {}',
  },
  scheduleSkipped: {
    en_us: 'Schedule backup aborted with reason: {}',
    zh_cn: '定时备份被终止, 原因: {}',
  },
  timerReset: {
    en_us: 'Detected new backup, timer reset. Next scheduled backup at {}',
    zh_cn: '检测到新增的备份, 重置定时器。下次定时备份: {}',
  },
  paused: {
    en_us: 'Crontab job schedule backup paused until plugin reload',
    zh_cn: '定时作业定时备份已暂停至本插件卸载',
  },
  resumed: {
    en_us: 'Crontab job schedule backup resumed. Next run at: {}',
    zh_cn: '定时作业定时备份已继续, 下次运行: {}',
  },
  pausedDate: { en_us: 'Paused', zh_cn: '已暂停' },
  processStopped: {
    en_us: 'Server process stopped with code 0',
    zh_cn: '服务器进程已停止，返回代码为 0',
  },
  processRuns: { en_us: 'Server is running at PID {}', zh_cn: '服务端正在以 PID {} 运行中' },
} satisfies { [word: string]: Words }

export type Word = keyof typeof WORDS

export function say(word: Word, language: Language, ...values: (string | number)[]): string {
  let used = 0
  return WORDS[word][language].replace(/\{\}/g, () => String(values[used++] ?? ''))
}

/** A line of Prime Backup's in chat, as a client of 1.21 gets it. */
export function chatPacket(text: string): Record<string, unknown> {
  return {
    isActionBar: false,
    content: JSON.stringify({
      text: '',
      extra: [
        {
          text: '',
          extra: [
            {
              text: '[PB]',
              color: 'dark_aqua',
              hoverEvent: { action: 'show_text', contents: 'Prime Backup' },
            },
            { text: ' ' },
          ],
        },
        text,
      ],
    }),
  }
}

/** What a player types, as a client of 1.21 gets it. */
export function typedPacket(plainMessage: string): Record<string, unknown> {
  return {
    senderUuid: '069a79f4-44e9-4726-a5be-fca90e38aaf5',
    networkName: JSON.stringify({ text: 'Steve' }),
    plainMessage,
    type: 0,
  }
}

export type Thread = 'crontab_0' | 'worker-heavy' | 'worker-light' | 'shutdown' | 'crontab-scheduler'

/** One record of MCDReforged's log. `loading` changes with each load of the plugin. */
export function logHead(
  time: string,
  loading: string,
  record: { thread: Thread; level?: 'INFO' | 'ERROR'; place: string; text: string; own?: boolean },
): string {
  const { thread, level = 'INFO', place, text, own = true } = record
  return `[MCDR] [${time}] [PB@${loading}-${thread}/${level}] [${place}]${own ? ' [prime_backup]' : ''}: ${text}`
}

/** One record of MCDReforged's own. */
export function mcdrHead(time: string, thread: string, place: string, text: string): string {
  return `[MCDR] [${time}] [${thread}/INFO] [${place}]: ${text}`
}

export const TRACEBACK = [
  'Traceback (most recent call last):',
  '  File "plugins/PrimeBackup-v1.13.0.pyz/prime_backup/mcdr/task_manager.py", line 117, in run_task',
  '    call()',
  'OSError: [Errno 28] No space left on device',
].join('\n')
