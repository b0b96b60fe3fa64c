/** A disk that can be filled up: a small tmpfs where this process may mount one, else SQLite's own limit of pages. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'

export type Disk = {
  kind: 'tmpfs' | 'page limit'
  dir: string
  /** Lets the double have its way with a database that was opened. */
  opened(database: DatabaseSync): void
  fill(): void
  free(): void
  remove(): void
}

/** `tmpfs: false` asks for the double. */
export function openDisk(options: { tmpfs?: boolean } = {}): Disk {
  const dir = mkdtempSync(join(tmpdir(), 'pb-bridge-disk-'))
  return options.tmpfs !== false && mounted(dir) ? tmpfs(dir) : pageLimit(dir)
}

function mounted(dir: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', dir], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function tmpfs(dir: string): Disk {
  const ballast = join(dir, 'ballast')
  return {
    kind: 'tmpfs',
    dir,
    opened: () => {},
    fill: () => {
      const { bavail, bsize } = statfsSync(dir)
      writeFileSync(ballast, Buffer.alloc(Number(bavail) * Number(bsize)))
    },
    free: () => rmSync(ballast, { force: true }),
    remove: () => {
      execFileSync('umount', [dir])
      rmSync(dir, { recursive: true })
    },
  }
}

function pageLimit(dir: string): Disk {
  let database: DatabaseSync | undefined
  const limit = (pages: number) => database?.exec(`PRAGMA max_page_count = ${pages}`)
  return {
    kind: 'page limit',
    dir,
    opened: opened => {
      database = opened
    },
    // No fewer than there are already.
    fill: () => limit(1),
    free: () => limit(1_000_000),
    remove: () => rmSync(dir, { recursive: true }),
  }
}
