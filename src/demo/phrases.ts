/** The pieces of which Prime Backup makes its lines: translations, ids, sizes, durations, creators, in its own shapes. */
import type { Language } from '../language.ts'
import type { Component, ComponentObject } from './component.ts'
import { UNITS, WORDS, type Word } from './words.ts'

/** Who made a backup, as Prime Backup stores it: `player:Steve`, `console:`, `prime_backup:pre_restore`. */
export type Creator = { type: 'player' | 'console' | 'prime_backup'; name: string }

/** A backup as it is while its files are being stored. */
export type Draft = {
  /** Epoch milliseconds. */
  at: number
  creator: Creator
  /** As stored: Prime Backup's own comments are markers (facts/prime-backup.md section 7). */
  comment: string
  tags: { temporary?: true; scheduled?: true }
  fileCount: number
  rawBytes: number
  storedBytes: number
}

/** A backup as Prime Backup's database has it. */
export type Backup = Draft & {
  id: number
  /** What this backup added. */
  added: { blobs: number; rawBytes: number; storedBytes: number }
}

export type Style = Pick<ComponentObject, 'color' | 'italic' | 'clickEvent' | 'hoverEvent'>

export type Phrases = ReturnType<typeof createPhrases>

const TRANSLATED = '__pb_translated__:'

export function createPhrases(language: Language, prefix: string) {
  /**
   * Plain arguments melt into the text around them, components stay apart, and what is in several pieces
   * is a list, with its style on an empty first element.
   */
  function say(word: Word, args: Component[] = [], style: Style = {}): Component {
    const parts: Component[] = []
    let open = ''
    for (const [index, piece] of WORDS[word][language].split('{}').entries()) {
      const argument = index === 0 ? '' : (args[index - 1] ?? '')
      if (typeof argument === 'string') open += argument
      else {
        if (open !== '') parts.push({ text: open })
        parts.push(argument)
        open = ''
      }
      open += piece
    }
    if (open !== '') parts.push({ text: open })
    const [only, ...others] = parts
    if (others.length === 0 && isPlain(only)) return { ...only, ...style }
    return [Object.keys(style).length === 0 ? '' : { text: '', ...style }, ...parts]
  }

  const show = (value: Component) => ({ action: 'show_text', value }) as const
  const colored = (text: string, color: string, style: Style = {}): Component => ({ text, color, ...style })
  const command = (words: string) => `${prefix} ${words}`

  function id(number: number): Component {
    return colored(`#${number}`, 'gold', {
      clickEvent: { action: 'run_command', value: command(`show ${number}`) },
      hoverEvent: show([
        '',
        say('idHover', [colored(String(number), 'gold')]),
        { text: '\n' },
        say('clickHint'),
      ]),
    })
  }

  function duration(milliseconds: number, exact = false): Component {
    const seconds = milliseconds / 1000
    const [value, unit] =
      seconds >= 3600
        ? ([seconds / 3600, 'hour'] as const)
        : seconds >= 60
          ? ([seconds / 60, 'minute'] as const)
          : ([seconds, 'second'] as const)
    const { plural, [unit]: name } = UNITS[language]
    // The config's durations are whole numbers, which Python prints without a point.
    const number = exact && Number.isInteger(value) ? String(value) : pythonFloat(value)
    const counted: Component = { text: language === 'en_us' ? `${number} ` : number }
    const suffix: Component[] = plural === '' ? [] : [{ text: plural }]
    const named: Component = value === 1 ? { text: name } : ['', { text: name }, ...suffix]
    return [{ text: '', color: 'yellow' }, counted, named]
  }

  function date(at: number, now: number): Component {
    const difference = say(at > now ? 'later' : 'ago', [duration(Math.abs(at - now))])
    return colored(localDate(at), 'aqua', { hoverEvent: show(difference) })
  }

  const size = (bytes: number, style: Style = {}) => colored(formatSize(bytes), 'green', style)
  const count = (number: number) => colored(String(number), number === 0 ? 'gray' : 'yellow')
  const seconds = (milliseconds: number, style: Style = {}) =>
    colored(`${pythonFloat(milliseconds / 1000)}s`, 'yellow', style)
  const share = ({ storedBytes, rawBytes }: Backup) =>
    colored(`${((100 * storedBytes) / rawBytes).toFixed(1)}%`, 'dark_green')

  function comment({ comment: stored }: Backup): ComponentObject {
    if (stored === '') return { text: WORDS.noComment[language], color: 'gray', italic: true }
    if (!stored.startsWith(TRANSLATED)) return { text: stored }
    const [key, argument = ''] = stored.slice(TRANSLATED.length).split(':')
    const word: Word = key === 'pre_restore' ? 'preRestoreComment' : 'scheduledComment'
    return { text: WORDS[word][language].replace('{}', argument) }
  }

  function creatorName({ type, name }: Creator, style: Style = {}): Component {
    if (type === 'player') return say('player', [name], style)
    if (type === 'console') return say('console', [], style)
    return [
      { text: '', color: 'dark_aqua', ...style },
      { text: 'Prime Backup' },
      { text: '-', color: 'gray' },
      say(name === 'pre_restore' ? 'preRestore' : 'scheduledBackup'),
    ]
  }

  return {
    say,
    show,
    colored,
    command,
    id,
    duration,
    date,
    size,
    count,
    seconds,
    share,
    comment,
    creatorName,
    task: (task: 'create' | 'restore') =>
      say(task === 'create' ? 'createTask' : 'restoreTask', [], { color: 'aqua' }),
    /** `backup #1: comment`; the id can be clicked, but in the countdown. */
    brief: (backup: Backup, clickable: boolean): Component => [
      '',
      say('brief', [clickable ? id(backup.id) : colored(`#${backup.id}`, 'gold'), comment(backup)]),
    ],
    sizeHover: (backup: Backup) =>
      show(say('sizeHover', [size(backup.storedBytes), share(backup), size(backup.rawBytes)])),
    /** Every line of Prime Backup begins so; what MCDR says itself does not. */
    prefixed: (line: Component): Component => [
      '',
      ['', colored('[PB]', 'dark_aqua', { hoverEvent: show({ text: 'Prime Backup' }) }), { text: ' ' }],
      line,
    ],
  }
}

function isPlain(component: Component | undefined): component is ComponentObject {
  return (
    typeof component === 'object' && !Array.isArray(component) && Object.keys(component).join() === 'text'
  )
}

/** Python's `round(value, 2)`, printed. */
export function pythonFloat(value: number): string {
  const rounded = Math.round(value * 100) / 100
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded)
}

export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  return `${(bytes / 1024 ** power).toFixed(2)}${units[power]}`
}

/** `YYYY-MM-DD HH:MM:SS` of this machine's zone. */
export function localDate(at: number): string {
  const date = new Date(at)
  const two = (number: number) => String(number).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}
