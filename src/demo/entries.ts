/** What MCDR's log says of each moment beside the lines of chat; with Prime Backup 1.13 and MCDR 2.15. */
import type { Moment, TaskName } from './lines.ts'
import { type Draft, formatSize, pythonFloat } from './phrases.ts'
import { pythonRepr } from './python.ts'
import { creatorText, recordOf, TARGETS, wholeSeconds } from './record.ts'
import { MESSAGES, tracebackOf } from './traceback.ts'
import type { Word } from './words.ts'

/** Those of Prime Backup stand behind the id of its loading; the others are MCDR's own. */
export type Thread = 'worker-heavy' | 'crontab_0' | 'MainThread' | 'TaskExecutor'

export type Entry = {
  thread: Thread
  level: 'INFO' | 'WARNING' | 'ERROR'
  /** `file.py:16(function)` of the code that speaks. */
  place: string
  by: 'prime_backup' | 'mcdr'
  text: string
}

const SERVER_COMMAND = ['java', '-jar', 'server.jar', 'nogui']
const TASKS: { [Task in TaskName]: string } = {
  create: 'create_backup_task.CreateBackupTask',
  restore: 'restore_backup_task.RestoreBackupTask',
}

/** `words` gives MCDR's own in its language; the line that chat has too is not among them. */
export function entriesOf(moment: Moment, words: (word: Word, ...args: string[]) => string): Entry[] {
  switch (moment.type) {
    case 'backup_storing':
      return storing(moment.backup)
    case 'backup_created': {
      const { blobs, storedBytes, rawBytes } = moment.backup.added
      const sizes = `${formatSize(storedBytes)} / ${formatSize(rawBytes)}`
      const text = `Create backup #${moment.backup.id} done, added ${blobs} blobs, 0 chunks and 0 packs (size ${sizes})`
      return [worker('create_backup_action.py:490(run)', text)]
    }
    case 'backup_completed': {
      const text = `Time costs: save wait ${seconds(moment.saveMs)}, create backup ${seconds(moment.createMs)}`
      return [worker('create_backup_task.py:85(run)', text)]
    }
    case 'task_raised':
      return raised(moment.task)
    case 'server_found_stopped':
      return [worker('restore_backup_task.py:84(run)', 'Found an already-stopped server')]
    case 'server_stopping':
      return [worker('restore_backup_task.py:56(__countdown_and_stop_server)', 'Wait for server to stop')]
    case 'server_stopped': {
      const code = String(moment.code)
      const [line, reason] = moment.code === 0 ? [507, code] : [509, words('killed', code)]
      return [
        mcdr('MainThread', `mcdr_server.py:${line}(__on_server_stop)`, words('processStopped', reason)),
        mcdr('MainThread', 'mcdr_server.py:517(__on_server_stop)', words('serverStopped')),
      ]
    }
    case 'restoring': {
      const fields = Object.entries(recordOf(moment.backup)).map(
        ([name, value]) => `${name}=${pythonRepr(value)}`,
      )
      return [
        worker(
          'restore_backup_task.py:101(run)',
          `Restoring to backup #${moment.backup.id} (fail_soft=False, verify_blob=True)`,
        ),
        worker(
          'export_backup_action_directory.py:254(_export_backup)',
          `Exporting Backup(${fields.join(', ')}) to directory server`,
        ),
      ]
    }
    case 'restore_done': {
      const { backup, backupMs, restoreMs, startsServer } = moment
      const parts = `backup ${seconds(backupMs)}, restore ${seconds(restoreMs)}`
      const done = `Restore to backup #${backup.id} done, cost ${seconds(backupMs + restoreMs)} (${parts})`
      return [
        worker('export_backup_action_base.py:48(run)', 'Export done'),
        worker('restore_backup_task.py:121(run)', startsServer ? `${done}, starting the server` : done),
      ]
    }
    case 'restore_failed':
      return failed(moment.backup.id)
    case 'server_started': {
      const thread = moment.by === 'restore' ? 'worker-heavy' : 'TaskExecutor'
      const command = pythonRepr(SERVER_COMMAND)
      return [
        mcdr(thread, 'mcdr_server.py:434(start_server)', words('serverStarting', command)),
        // The practice server lives in this process.
        mcdr(
          thread,
          'mcdr_server.py:500(__on_server_start_post)',
          words('serverRunning', String(process.pid)),
        ),
      ]
    }
    // Chat alone, or chat's line in the log.
    case 'schedule_triggered':
    case 'schedule_skipped':
    case 'schedule_ended':
    case 'timer_reset':
    case 'backup_started':
    case 'autosave':
    case 'world_saved':
    case 'save_timed_out':
    case 'plugin_unloaded':
    case 'task_aborted':
    case 'restore_asked':
    case 'restore_not_chosen':
    case 'restore_countdown':
      return []
    default:
      return moment satisfies never
  }
}

function worker(place: string, text: string, level: Entry['level'] = 'INFO'): Entry {
  return { thread: 'worker-heavy', level, place, by: 'prime_backup', text }
}

export function mcdr(thread: Thread, place: string, text: string): Entry {
  return { thread, level: 'INFO', place, by: 'mcdr', text }
}

function seconds(milliseconds: number): string {
  return `${pythonFloat(milliseconds / 1000)}s`
}

function storing({ at, creator, comment, tags, fileCount, rawBytes }: Draft): Entry[] {
  const targets = pythonRepr(TARGETS)
  const files = `file count ${fileCount} size ${formatSize(rawBytes)}`
  const maker = `timestamp ${wholeSeconds(at)}, creator ${pythonRepr(creatorText(creator))}`
  const words = `comment ${pythonRepr(comment)}, tags ${pythonRepr({ ...tags })}`
  const entries = [
    worker(
      'create_backup_action.py:411(__create_backup)',
      `Scanning file for backup creation at path 'server', targets: ${targets}`,
    ),
    worker(
      'create_backup_action.py:425(__create_backup)',
      `Creating backup for ${targets} at path 'server', ${files}, ${maker}, ${words}`,
    ),
  ]
  if (!tags.temporary) return entries
  return [
    worker('restore_backup_task.py:90(run)', 'Creating backup of existing files to avoid idiot'),
    ...entries,
  ]
}

/** A failed backup says in which file first; a failed restore has said so already. */
function raised(task: TaskName): Entry[] {
  const own = [
    worker(
      'blob_allocator.py:259(get_or_create_blob)',
      `Create blob for file 'server/world/region/r.1.1.mca' failed (attempt 1 / 3): ${MESSAGES.create}`,
      'ERROR',
    ),
    worker(
      'blob_recorder.py:32(apply_file_rollback)',
      'Error occurs during backup creation, applying rollback',
      'WARNING',
    ),
  ]
  const object = `<prime_backup.mcdr.task.backup.${TASKS[task]} object at 0x7f7bb93218d0>`
  const error = worker(
    'task_manager.py:124(run_task)',
    `Task ${object} run error\n${tracebackOf(task)}`,
    'ERROR',
  )
  return task === 'create' ? [...own, error] : [error]
}

function failed(id: number): Entry[] {
  const file = 'world/DIM-1/region/r.0.0.mca'
  return [
    worker(
      'export_backup_action_directory.py:304(export_worker)',
      `Export file '${file}' to path ${file} failed: ${MESSAGES.restore}`,
      'ERROR',
    ),
    worker(
      'export_backup_action_directory.py:329(_export_backup)',
      'Error occurs during export to directory, applying rollback',
      'WARNING',
    ),
    worker(
      'restore_backup_task.py:111(run)',
      `Restore to backup #${id} failed: ${MESSAGES.restore}`,
      'ERROR',
    ),
    worker(
      'restore_backup_task.py:113(run)',
      'The server is left stopped due to the failure. Prime Backup will not attempt to restart it automatically',
      'WARNING',
    ),
    worker(
      'restore_backup_task.py:114(run)',
      'You can try to fix the issue and perform another restoration, or just start the server manually via MCDR command',
      'WARNING',
    ),
  ]
}
