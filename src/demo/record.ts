/** A backup as Prime Backup keeps it, for its database and for its log (facts/prime-backup.md section 7). */
import type { Backup, Creator } from './phrases.ts'

/** The folder that is backed up, beside the server's other files. */
export const TARGETS: readonly string[] = ['world']

/** The set of files of the first backup, from which the later ones differ. */
export const BASE_FILESET = 1

/** The columns of the table `backup` in version 4, in their order. */
export function recordOf(backup: Backup) {
  return {
    id: backup.id,
    timestamp: wholeSeconds(backup.at),
    timestamp_ns_part: (backup.at % 1000) * 1_000_000,
    creator: creatorText(backup.creator),
    comment: backup.comment,
    targets: TARGETS,
    tags: backup.tags as { [name: string]: true },
    fileset_id_base: BASE_FILESET,
    fileset_id_delta: BASE_FILESET + backup.id,
    file_count: backup.fileCount,
    file_raw_size_sum: backup.rawBytes,
    file_stored_size_sum: backup.storedBytes,
  }
}

export function creatorText({ type, name }: Creator): string {
  return `${type}:${name}`
}

/** Seconds of the epoch. */
export function wholeSeconds(at: number): number {
  return Math.floor(at / 1000)
}
