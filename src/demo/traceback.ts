/**
 * The errors that befall the tasks, as Python prints them: the disk is full while a backup is stored, and a file of the
 * store is missing while one is restored. Frames as recorded; what the lines of the source say is left out.
 */
import type { TaskName } from './lines.ts'

const MISSING_BLOB = 'pb_files/blobs/24/24db6bad1b13ae0be1440ea9ba3ace3f'

/** As `str` of the exception gives it. */
export const MESSAGES: { [Task in TaskName]: string } = {
  create: '[Errno 28] No space left on device',
  restore: `[Errno 2] No such file or directory: '${MISSING_BLOB}'`,
}

const CLASSES: { [Task in TaskName]: string } = { create: 'OSError', restore: 'FileNotFoundError' }

/** File, line and function; `^` where Python marks the place in the line. */
const FRAMES: { [Task in TaskName]: readonly string[] } = {
  create: [
    'mcdr/task_manager.py 117 run_task ^',
    'mcdr/task/backup/create_backup_task.py 80 run ^',
    'action/create_backup_action.py 487 run',
    'action/create_backup_action.py 483 run ^',
    'action/create_backup_action.py 452 __create_backup ^',
    'action/helpers/blob_allocator.py 289 schedule_loop ^',
    'action/create_backup_action.py 348 __create_file ^',
    'action/helpers/blob_allocator.py 245 get_or_create_blob ^',
    'action/helpers/blob_allocator.py 232 __try_get_or_create_blob_once ^',
    'action/helpers/blob_creator_direct.py 83 get_or_create ^',
    'action/helpers/blob_creator_direct.py 172 __create_blob_artifact ^',
    'action/helpers/blob_creator_direct.py 230 __create_by_prehashed_content ^',
    'action/helpers/blob_creator_direct.py 250 __write_default_blob ^',
    'compressors.py 57 copy_compressed',
    'compressors.py 115 _copy_compressed',
    '/usr/local/lib/python3.11/contextlib.py 144 __exit__',
    'compressors.py 198 compress_stream',
    'utils/bypass_io.py 65 write ^',
  ],
  restore: [
    'mcdr/task_manager.py 117 run_task ^',
    'mcdr/task/backup/restore_backup_task.py 108 run ^',
    'action/export_backup_action_base.py 43 run ^',
    'action/export_backup_action_directory.py 312 _export_backup',
    'action/export_backup_action_directory.py 302 export_worker',
    'action/export_backup_action_directory.py 218 __export_file',
    'action/helpers/blob_exporter.py 163 export_to_fs',
    'action/helpers/blob_exporter.py 179 __export_to_fs_direct',
    '/usr/local/lib/python3.11/contextlib.py 137 __enter__ ^',
    'compressors.py 96 open_decompressed ^',
  ],
}

const PLUGIN = 'plugins/PrimeBackup-v1.13.0.pyz/prime_backup'

/** Many lines, none of which has a head of the log. */
export function tracebackOf(task: TaskName): string {
  const frames = FRAMES[task].map(frame => {
    const [file = '', line, name, mark] = frame.split(' ')
    const path = file.startsWith('/') ? file : `${PLUGIN}/${file}`
    const place = `  File "${path}", line ${line}, in ${name}\n    call()`
    return mark === undefined ? place : `${place}\n    ^^^^^^`
  })
  return ['Traceback (most recent call last):', ...frames, `${CLASSES[task]}: ${MESSAGES[task]}`].join('\n')
}
