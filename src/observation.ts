import type { BackupFacts } from './event.ts'

/**
 * One thing that a source saw, typed. What the words of Prime Backup (PB) were no longer matters from here on.
 * Where each comes from: facts/prime-backup.md section 1.
 */
export type Observation = {
  /** Epoch milliseconds. */
  at: number
  source: 'chat' | 'log'
} & Fact

export type Fact =
  /** PB: `Creating backup, please wait`. */
  | { type: 'backup_started' }
  /** PB: `Backup completed, ID #1, …`. Sizes are rounded texts turned into bytes. */
  | {
      type: 'backup_completed'
      backup: BackupFacts & { id: number }
      costS: number
      newBlobs?: { count: number; rawBytes: number; storedBytes: number }
    }
  /** PB says why a backup ended without a result. */
  | { type: 'backup_ended'; message: 'aborted' | 'save_wait_time_out' | 'plugin_unloaded' }
  /** PB: `Schedule backup triggered`. */
  | { type: 'schedule_triggered' }
  /** PB: `Schedule backup completed with error, …`. `next` is the due date as PB wrote it. */
  | { type: 'schedule_failed'; next: string }
  /** PB: `Schedule backup completed, …`: the job ended; no proof of a backup (trap 1). */
  | { type: 'schedule_completed'; next: string }
  /** PB: `Schedule backup aborted with reason: …`. */
  | { type: 'schedule_skipped'; reason: string }
  /** PB: `Detected new backup, timer reset. …`. */
  | { type: 'timer_reset'; next: string }
  /** PB: `Gonna restore the world to backup #1: comment`. */
  | { type: 'restore_asked'; backup: BackupFacts & { id: number } }
  /** PB: `No choice has been made, …`. */
  | { type: 'restore_declined' }
  /** PB: `!!! 5 second later, …`. */
  | { type: 'restore_countdown'; backup: BackupFacts & { id: number }; secondsLeft: number }
  /** PB: `Task restore backup aborted`. */
  | { type: 'restore_aborted' }
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
  /** A player typed a line that begins with PB's prefix; `words` is what follows it. A hint, never a proof. */
  | { type: 'command'; player: string; words: string }
