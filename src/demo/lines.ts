/**
 * The moments of Prime Backup's tasks, and the line of chat that each is told by, if any.
 * Which moments there are, and who sees what: facts/prime-backup.md sections 1 to 3.
 */
import type { Component } from './component.ts'
import type { Backup, Draft, Phrases } from './phrases.ts'

export type TaskName = 'create' | 'restore'

/** What happened, in the order of a task; whatever tells of it (chat, a log, a database) starts from here. */
export type Moment =
  | { type: 'schedule_triggered' }
  | { type: 'schedule_skipped'; ongoing: TaskName }
  | { type: 'schedule_ended'; withError: boolean; nextAt: number }
  /** A manual backup puts the next scheduled one off. */
  | { type: 'timer_reset'; nextAt: number }
  | { type: 'backup_started' }
  | { type: 'autosave'; on: boolean }
  | { type: 'world_saved' }
  /** The files are being stored; also those of the safety backup before a restore. No line in chat. */
  | { type: 'backup_storing'; backup: Draft }
  /** They are; the backup is in the database. No line in chat. */
  | { type: 'backup_created'; backup: Backup }
  | { type: 'backup_completed'; backup: Backup; saveMs: number; createMs: number }
  | { type: 'save_timed_out' }
  | { type: 'plugin_unloaded' }
  | { type: 'task_aborted'; task: TaskName }
  /** An exception: MCDR's log has it, chat does not. */
  | { type: 'task_raised'; task: TaskName }
  | { type: 'restore_asked'; backup: Backup }
  | { type: 'restore_not_chosen' }
  | { type: 'restore_countdown'; backup: Backup; secondsLeft: number }
  /** Instead of countdown and stop. */
  | { type: 'server_found_stopped' }
  | { type: 'server_stopping' }
  /** For whatever reason; 0, or -9 of a killed process. */
  | { type: 'server_stopped'; code: 0 | -9 }
  /** The safety backup is made, if there is one. */
  | { type: 'restoring'; backup: Backup }
  | { type: 'restore_done'; backup: Backup; backupMs: number; restoreMs: number; startsServer: boolean }
  | { type: 'restore_failed'; backup: Backup }
  /** By the restore, or by whoever else. */
  | { type: 'server_started'; by: 'restore' | 'other' }

/** The line that everybody reads, without its prefix; undefined for moments of which chat says nothing. */
export function publicLine(moment: Moment, phrases: Phrases, now: number): Component | undefined {
  const { say, show, colored, date, size, seconds, task, brief, command } = phrases
  const job = () => say('schedule', [], { color: 'green', hoverEvent: show({ text: 'schedule_backup' }) })
  switch (moment.type) {
    case 'schedule_triggered':
      return say('triggered', [job()])
    case 'schedule_skipped':
      return say('scheduleSkipped', [job(), say('foundOngoing', [task(moment.ongoing), job()])])
    case 'schedule_ended': {
      const next = date(moment.nextAt, now)
      return say(moment.withError ? 'scheduleFailed' : 'scheduleCompleted', [job(), next])
    }
    case 'timer_reset':
      return say('timerReset', [date(moment.nextAt, now)])
    case 'backup_started':
      return say('creating')
    case 'backup_completed': {
      const { backup, saveMs, createMs } = moment
      const cost = show(say('costHover', [seconds(saveMs), seconds(createMs)]))
      return say('completed', [
        phrases.id(backup.id),
        seconds(saveMs + createMs, { hoverEvent: cost }),
        size(backup.rawBytes, { hoverEvent: phrases.sizeHover(backup) }),
        size(backup.added.storedBytes, { hoverEvent: addedHover(backup.added) }),
      ])
    }
    case 'save_timed_out':
      return say('saveTimedOut', [], { color: 'red' })
    case 'plugin_unloaded':
      return say('unloaded')
    case 'task_aborted':
      return say('aborted', [task(moment.task)])
    case 'restore_asked':
      return say('asked', [brief(moment.backup, true)])
    case 'restore_not_chosen':
      return say('notChosen', [task('restore')])
    case 'restore_countdown': {
      const hover = say('countdownHover', [colored(command('abort'), 'gray')])
      const click = { action: 'run_command', value: command('abort') }
      return [
        { text: '', clickEvent: click, hoverEvent: show(hover) },
        colored('!!! ', 'red'),
        say('countdown', [String(moment.secondsLeft), brief(moment.backup, false)]),
      ]
    }
    case 'autosave':
    case 'world_saved':
    case 'backup_storing':
    case 'backup_created':
    case 'task_raised':
    case 'server_found_stopped':
    case 'server_stopping':
    case 'server_stopped':
    case 'restoring':
    case 'restore_done':
    case 'restore_failed':
    case 'server_started':
      return undefined
    default:
      return moment satisfies never
  }

  function addedHover({ blobs, rawBytes, storedBytes }: Backup['added']) {
    const number = (value: number) => colored(String(value), 'yellow')
    const sizes = [size(rawBytes), size(storedBytes)]
    return show([
      '',
      say('totalBlobs', [number(blobs), ...sizes, size(storedBytes)]),
      { text: '\n' },
      say('directBlobs', [number(blobs), ...sizes]),
      { text: '\n' },
      say('chunks', [number(0), size(0), size(0)]),
    ])
  }
}
