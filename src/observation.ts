import type { BackupFacts } from './event.ts'

/** `database` only ever answers what the bridge asks. */
export type Source = 'chat' | 'log' | 'database'

/**
 * One thing that a source saw, typed. What the words of Prime Backup (PB) were no longer matters from here on.
 * Where each comes from: facts/prime-backup.md section 1.
 */
export type Observation = {
  /** Epoch milliseconds. */
  at: number
  source: Source
} & Fact

/**
 * When Prime Backup says that the next scheduled backup comes: so long after the line that says it, or so much later.
 * `sure`: the date was read in the zone in which it was printed.
 */
export type Due = { inMs: number; slackMs: number; sure: boolean }

/** What a backup added to what was stored before. */
export type NewBlobs = { count: number; rawBytes: number; storedBytes: number }

export type Fact =
  /** PB: `Creating backup, please wait`. */
  | { type: 'backup_started' }
  /** PB: `Backup completed, ID #1, …`. Sizes are rounded texts turned into bytes. */
  | {
      type: 'backup_completed'
      backup: BackupFacts & { id: number }
      costS: number
      newBlobs?: NewBlobs
    }
  /** PB says why a backup ended without a result. */
  | { type: 'backup_ended'; message: 'aborted' | 'save_wait_time_out' | 'plugin_unloaded' }
  /** PB: `Schedule backup triggered`. */
  | { type: 'schedule_triggered' }
  /** PB: `Schedule backup completed with error, …`. `next` is the due date as PB wrote it, or that it is paused. */
  | { type: 'schedule_failed'; next: string; due?: Due }
  /** PB: `Schedule backup completed, …`: the job ended; no proof of a backup (trap 1). */
  | { type: 'schedule_completed'; next: string; due?: Due }
  /** PB: `Schedule backup aborted with reason: …`. */
  | { type: 'schedule_skipped'; reason: string }
  /** PB: `Detected new backup, timer reset. …`. */
  | { type: 'timer_reset'; next: string; due?: Due }
  /** PB, to whoever asked for it: `Crontab job schedule backup resumed. Next run at: …`. */
  | { type: 'schedule_resumed'; next: string; due?: Due }
  /** PB, to whoever asked for it: `Crontab job schedule backup paused until plugin reload`. */
  | { type: 'schedule_paused' }
  /** PB's log: the schedule rests, because nobody is online. */
  | { type: 'schedule_rested' }
  /** A ping shows players, for whom the schedule runs, or none; `anew`: nobody had asked for a while. */
  | { type: 'schedule_awake'; awake: boolean; anew: boolean }
  /** PB's log: `Scheduler started`, `Scheduler has been shut down`: with PB, all due times begin anew. */
  | { type: 'scheduler'; running: boolean }
  /** PB: `Gonna restore the world to backup #1: comment`. */
  | { type: 'restore_asked'; backup: BackupFacts & { id: number } }
  /** PB: `No choice has been made, …`. */
  | { type: 'restore_declined' }
  /** PB: `!!! 5 second later, …`. */
  | { type: 'restore_countdown'; backup: BackupFacts & { id: number }; secondsLeft: number }
  /** PB: `Task restore backup aborted`. */
  | { type: 'restore_aborted' }
  /** PB's log: `Creating backup for …`: what the backup that runs is of. Also of the safety backup before a restore. */
  | { type: 'backup_described'; backup: BackupFacts }
  /** PB's log: `Create backup #1 done, …`: its files are stored. Also of the safety backup before a restore. */
  | { type: 'backup_stored'; id: number; newBlobs: NewBlobs }
  /** PB's log: `Task ‹…› run error`, with the last exception of its traceback. */
  | { type: 'task_raised'; task: 'backup' | 'restore'; error: { type: string; message: string } }
  /** PB's log: `Wait for server to stop`, or `Found an already-stopped server`. */
  | { type: 'restore_stopping'; running: boolean }
  /** PB's log: `Restoring to backup #1 (…)`. */
  | { type: 'restore_began'; id: number }
  /** PB's log: `Export done`, `Export done with 3 failures`. */
  | { type: 'export_ended'; failures: number }
  /** PB's log: `Restore to backup #1 done, …`; `starting`: PB starts the server that it stopped. */
  | { type: 'restore_done'; id: number; costS: number; starting: boolean }
  /** PB's log: `Restore to backup #1 failed: …`; the exception's class follows with `task_raised`. */
  | { type: 'restore_failed'; id: number; reason: string }
  /** MCDR's log: the server's process ended, or began. */
  | { type: 'server_process'; running: boolean }
  /** Whether MCDR's log can be read, by whoever follows it; `heard`: it has lines of PB. */
  | { type: 'log_readable'; readable: boolean; heard?: true }
  /** PB's database has a backup that was made since the one that runs began. */
  | { type: 'backup_found'; backup: BackupFacts & { id: number } }
  /** The server's admin line, seen by operators only. */
  | { type: 'autosave'; on: boolean }
  /** The server said that it stops: an admin line, or the reason of the kick. */
  | { type: 'server_stopping' }
  /** The bot is in play: the server runs, and the bot sees chat from here on. */
  | { type: 'attached' }
  /** The bot is out of play and sees nothing. */
  | { type: 'detached' }
  /** A status ping was answered, or not. */
  | { type: 'ping'; answered: boolean }
  /** A player typed a command of MCDR's that may load PB anew. A hint, never a proof. */
  | { type: 'reload_asked' }
  /** A player typed a line that begins with PB's prefix; `words` is what follows it. A hint, never a proof. */
  | { type: 'command'; player: string; words: string }
