/** What Prime Backup and MCDR answer to one player, in their own shapes (facts/prime-backup.md sections 1 and 4). */
import type { Component } from './component.ts'
import type { TaskName } from './lines.ts'
import type { Backup, Phrases } from './phrases.ts'
import type { Word } from './words.ts'

export type Replies = ReturnType<typeof createReplies>

const LIST_LENGTH = 10
const VERSION = 'v1.13.0'

export function createReplies(phrases: Phrases) {
  const { say, show, colored, command, id, task, size, date, share, creatorName, comment } = phrases

  /** One of the two buttons of the prompt. */
  function choice(word: 'confirm' | 'abort', hover: Word, color: string, mark: string): Component {
    const target = say('restoreTarget')
    const click = { action: 'run_command', value: command(word) }
    const hint = say(hover, [colored(command(word), 'gray'), target])
    return [
      { text: '', color, clickEvent: click, hoverEvent: show(hint) },
      say(word, [target]),
      { text: mark },
    ]
  }

  const rule = (title: Component): Component => [
    '',
    colored('======== ', 'gray'),
    title,
    colored(' ========', 'gray'),
  ]

  function creator(backup: Backup): Component {
    const { type, name } = backup.creator
    const filter =
      type === 'player'
        ? name
        : `${type}:${name}${type === 'prime_backup' && backup.tags.temporary ? ' --all' : ''}`
    return creatorName(backup.creator, {
      clickEvent: { action: 'suggest_command', value: command(`list --creator ${filter}`) },
      hoverEvent: show(say('creatorHover', [creatorName(backup.creator)])),
    })
  }

  /** Prime Backup shows every tag; the stand-in shows this one. */
  function tags({ tags: { temporary } }: Backup): Component[] {
    if (!temporary) return [say('tags', [say('noTags', [], { color: 'gray' })])]
    const name = (hover: Component) => say('temporary', [], { color: 'aqua', hoverEvent: show(hover) })
    const flag = colored('T', 'yellow', { hoverEvent: show(say('temporary', [], { color: 'aqua' })) })
    return [
      say('tagCount', [colored('1', 'yellow')]),
      [
        '',
        { text: '  ' },
        ['', name({ text: 'temporary' }), { text: ' (' }, flag, { text: ')' }],
        { text: ': ' },
        colored('true', 'green'),
      ],
    ]
  }

  function row(backup: Backup, now: number): Component {
    const button = (label: string, color: string, words: string, hover: Word) =>
      colored(label, color, {
        clickEvent: { action: 'suggest_command', value: command(`${words} ${backup.id}`) },
        hoverEvent: show(say(hover, [id(backup.id)])),
      })
    const made = say('creator', [creatorName(backup.creator)])
    return [
      '',
      colored('[', 'gray'),
      id(backup.id),
      colored('] ', 'gray'),
      button('[>]', 'dark_green', 'back', 'restoreTo'),
      { text: ' ' },
      button('[x]', 'red', 'delete', 'deleteIt'),
      { text: ' ' },
      size(backup.rawBytes, { hoverEvent: phrases.sizeHover(backup) }),
      { text: ' ' },
      date(backup.at, now),
      colored(': ', 'gray'),
      { ...comment(backup), hoverEvent: show(made) },
    ]
  }

  return {
    confirming: () => say('confirming', [task('restore')]),
    aborting: (name: TaskName) => say('aborting', [task(name)]),
    nothingToAbort: () => say('nothingToAbort'),
    nothingToConfirm: () => say('nothingToConfirm'),
    notYourTask: () => say('notYourTask'),
    mayNotAbort: () => say('mayNotAbort'),
    notAbortable: (name: TaskName) => say('notAbortable', [task(name)]),
    raised: (name: TaskName) => say('raised', [task(name)], { color: 'red' }),
    notFound: (number: number) => say('notFound', [String(number)], { color: 'red' }),
    noBackup: () => say('noBackup'),
    busy: (name: TaskName): Component[] => [
      say('busy', [task(name)]),
      say('busyHint', [], {
        clickEvent: { action: 'suggest_command', value: command('abort') },
        hoverEvent: show(say('busyHover', [colored(command('abort'), 'gray')])),
      }),
    ],
    prompt: (timeoutMs: number) =>
      say('choose', [
        phrases.duration(timeoutMs, true),
        choice('confirm', 'confirmHover', 'yellow', '√'),
        choice('abort', 'abortHover', 'gold', '×'),
      ]),
    show: (backup: Backup, now: number): Component[] => [
      rule(say('showTitle', [id(backup.id)])),
      say('date', [date(backup.at, now)]),
      say('comment', [comment(backup)]),
      say('storedSize', [size(backup.storedBytes), share(backup)]),
      say('rawSize', [size(backup.rawBytes)]),
      say('creator', [creator(backup)]),
      ...tags(backup),
    ],
    /** The newest first; one page. */
    list: (backups: Backup[], now: number): Component[] => [
      rule(say('listTitle')),
      say('listCount', [phrases.count(backups.length)]),
      ...backups.slice(0, LIST_LENGTH).map(backup => row(backup, now)),
      [
        '',
        colored('<-', 'dark_gray'),
        { text: ' ' },
        colored('1', 'yellow'),
        { text: '/' },
        colored('1', 'yellow'),
        { text: ' ' },
        colored('->', 'dark_gray'),
      ],
    ],
    /** Told without the prefix, as are MCDR's own. */
    welcome: (): Component[] => [
      rule(['', colored('Prime Backup', 'dark_aqua'), { text: ' ' }, colored(VERSION, 'gold')]),
      say('welcome'),
    ],
    /** MCDR's: `known` is the part of the command that it understood. */
    unknownArgument: (known: string, rest: string) => wrong('unknownArgument', known, rest),
    permissionDenied: (words: string) => wrong('permissionDenied', command(words), ''),
  }

  function wrong(word: Word, known: string, rest: string): Component {
    return [
      '',
      say(word, [], { color: 'red' }),
      { text: ': ' },
      colored(known, 'dark_red'),
      colored(rest, 'red'),
      colored('<--', 'dark_red'),
    ]
  }
}
