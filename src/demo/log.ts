/**
 * MCDR's log file as MCDR 2.15 with Prime Backup (PB) 1.13 writes it: each moment's records, one write a record.
 * Source: facts/prime-backup.md sections 1, 2 and 6, and the recordings.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Component, plainText } from './component.ts'
import { type Entry, entriesOf, mcdr, type Thread } from './entries.ts'
import { type Moment, publicLine } from './lines.ts'
import { localDate, type Phrases } from './phrases.ts'
import { pythonRepr } from './python.ts'
import type { Word } from './words.ts'

export type McdrLog = ReturnType<typeof createMcdrLog>

const PRINTING = 'misc_utils.py:16(print_text_to_console)'
/** MCDR shows so many characters of a command that it could not send. */
const UNSENT_CHARACTERS = 32

/** Appends to the file, which it makes, with its folder, where there is none. `phrases` are in MCDR's language. */
export function createMcdrLog({ file, phrases }: { file: string; phrases: Phrases }) {
  mkdirSync(dirname(file), { recursive: true })
  let descriptor: number | undefined = openSync(file, 'a')
  /** Another one at each loading of the plugin. */
  const loading = `PB@${randomBytes(2).toString('hex')}`

  function write(at: number, { thread, level, place, by, text }: Entry) {
    if (descriptor === undefined) return
    const time = `${localDate(at)}.${String(at % 1000).padStart(3, '0')}`
    const name = thread === 'worker-heavy' || thread === 'crontab_0' ? `${loading}-${thread}` : thread
    const plugin = by === 'prime_backup' ? ' [prime_backup]' : ''
    try {
      writeSync(descriptor, `[MCDR] [${time}] [${name}/${level}] [${place}]${plugin}: ${text}\n`)
    } catch {
      // As with Python's logging, what can't be written is lost, and nobody falls over it.
    }
  }

  const words = (word: Word, ...args: string[]) => plainText(phrases.say(word, args))

  return {
    /** All that the log has of it, the line of chat included. */
    moment(moment: Moment, at: number): void {
      for (const entry of entriesOf(moment, words)) write(at, entry)
      const line = publicLine(moment, phrases, at)
      if (line === undefined) return
      const thread = moment.type.startsWith('schedule_') ? 'crontab_0' : 'worker-heavy'
      const text = plainText(phrases.prefixed(line))
      write(at, { thread, level: 'INFO', place: PRINTING, by: 'prime_backup', text })
    },
    /** What is answered to the console or to the schedule, with its prefix. */
    reply: (line: Component, at: number, thread: Thread) =>
      write(at, mcdr(thread, PRINTING, plainText(line))),
    /** A reply that could not reach the player, for the server is down. */
    unsent(player: string, line: Component, at: number): void {
      const command = `execute at @p run tellraw ${player} ${JSON.stringify(line)}`.slice(
        0,
        UNSENT_CHARACTERS,
      )
      const send = (place: string, text: string) =>
        write(at, { ...mcdr('worker-heavy', place, text), level: 'WARNING' })
      send('mcdr_server.py:541(send)', words('notSent'))
      send('mcdr_server.py:542(send)', words('notSentCommand', pythonRepr(command)))
    },
    /** Idempotent; what comes later is lost. */
    close(): void {
      if (descriptor !== undefined) closeSync(descriptor)
      descriptor = undefined
    },
  }
}
