/** The folder of the bridge's own state: is there room, and may it be written to? */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fault, ok, type Said, warning } from './finding.ts'
import type { Patient } from './patient.ts'

/** Below this, events are about to live in memory. */
const LEAST_BYTES = 16 * 1024 * 1024
const MIB = 1024 * 1024

export function checkDisk({ config }: Patient): Said[] {
  const { dir, maxSize } = config.state
  const place = nearestExisting(dir)
  try {
    accessSync(place, constants.W_OK)
  } catch {
    return [
      fault(
        `state.dir ${dir}: ${place} may not be written to`,
        'give the user of the bridge the right to (chown), or write another state.dir',
      ),
    ]
  }
  const { bavail, bsize, files, ffree } = statfsSync(place)
  const free = bavail * bsize
  const shown = `state.dir ${dir}: ${Math.floor(free / MIB)} MiB free`
  const remedy = 'make room on this disk, or write another state.dir'
  if (free < LEAST_BYTES) return [fault(shown, remedy)]
  // Some file systems count no files.
  if (files > 0 && ffree === 0)
    return [fault(`state.dir ${dir}: the disk takes no more files (inodes)`, remedy)]
  if (free < maxSize)
    return [warning(`${shown}, less than state.maxSize (${Math.round(maxSize / MIB)} MiB)`, remedy)]
  return [ok(shown)]
}

/** The bridge makes the folder at its start. */
function nearestExisting(dir: string): string {
  let place = dir
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  return place
}
