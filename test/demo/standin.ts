/** The stand-in for Prime Backup with its log and its database in a folder of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '../../src/clock.ts'
import { createPrimeBackup, type PrimeBackup, type PrimeBackupOptions } from '../../src/demo/primebackup.ts'
import { createPracticeServer, type PracticeServer, type VirtualPlayer } from '../../src/demo/server.ts'

export type StandIn = {
  server: PracticeServer
  pb: PrimeBackup
  steve: VirtualPlayer
  alex: VirtualPlayer
  mcdrLog: string
  database: string
  /** Lines of the log so far. */
  logLines(): string[]
  close(): Promise<void>
}

/** As the system's, but the waits of Prime Backup are so many times shorter. */
export function fasterBy(factor: number): Clock {
  return { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / factor, signal) }
}

/** With Steve and Alex on a running server. */
export async function startStandIn(options: Partial<PrimeBackupOptions> = {}): Promise<StandIn> {
  const folder = mkdtempSync(join(tmpdir(), 'stand-in-'))
  const files = {
    mcdrLog: join(folder, 'logs', 'MCDR.log'),
    database: join(folder, 'pb_files', 'prime_backup.db'),
  }
  const server = createPracticeServer({ clock: systemClock })
  const steve = server.addVirtualPlayer('Steve')
  const alex = server.addVirtualPlayer('Alex')
  await server.start()
  const pb = createPrimeBackup({ clock: fasterBy(50), server, ...files, ...options })
  pb.start()
  return {
    server,
    pb,
    steve,
    alex,
    ...files,
    logLines: () => readFileSync(files.mcdrLog, 'utf8').split('\n').slice(0, -1),
    async close() {
      await pb.stop()
      await server.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
