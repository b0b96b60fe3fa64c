/** What Prime Backup's own database adds to an event: exact, where its lines are rounded or silent. */
import type { BackupFacts, LifecycleEvent } from './event.ts'

/** Sizes that its lines show as rounded texts (`extra.approximate`). */
const ROUNDED = ['raw_size', 'stored_size']

/**
 * The event with the database's facts of its backup, on terminal events and on `restore_start`; unchanged where the
 * database does not have that backup, or has another under the same id.
 */
export function withDetails(
  event: LifecycleEvent,
  find: (id: number) => BackupFacts | undefined,
): LifecycleEvent {
  const { backup, extra } = event
  if (backup?.id === undefined) return event
  const found = find(backup.id)
  // An id comes again when somebody begins a new database.
  if (!found || (backup.date !== undefined && found.date !== backup.date)) return event
  const { approximate, ...others } = extra ?? {}
  const left = Array.isArray(approximate)
    ? approximate.filter(name => !ROUNDED.includes(String(name)) || !isKnown(found, String(name)))
    : []
  const rest = { ...others, ...(left.length > 0 && { approximate: left }) }
  const { extra: _, ...bare } = event
  return {
    ...bare,
    backup: { ...backup, ...found },
    ...(Object.keys(rest).length > 0 && { extra: rest }),
  }
}

function isKnown(found: BackupFacts, name: string): boolean {
  return (name === 'raw_size' ? found.rawBytes : found.storedBytes) !== undefined
}
