/** Whole logs, for a replay. */
import { open } from 'node:fs/promises'
import { createLogScanner, type LogRecord } from './records.ts'
import { notAFile, troubleOf } from './trouble.ts'
import { readZip } from './zip.ts'

const BLOCK_BYTES = 1024 * 1024

/** All records of a log, or of one of MCDR's zips of it. Throws an Error whose line names the file and the remedy. */
export async function* readLog(file: string): AsyncGenerator<readonly LogRecord[]> {
  const scanner = createLogScanner()
  let zipped = false
  try {
    zipped = await isZip(file)
    for await (const chunk of zipped ? readZip(file) : readBlocks(file)) {
      const records = scanner.push(chunk)
      if (records.length > 0) yield records
    }
  } catch (error) {
    // What the system says has the name of a call; the rest are faults of the zip.
    const { syscall, message } = error as NodeJS.ErrnoException
    if (zipped && syscall === undefined)
      throw new Error(`${file}: this zip is broken (${message}); copy it again, or unzip what can be saved`)
    throw new Error(troubleOf(file, error, '--log'))
  }
  // The last line of a finished file is whole, with a break or without.
  const last = scanner.end('whole')
  if (last.length > 0) yield last
}

/** The buffer is used again for the next block. */
async function* readBlocks(file: string): AsyncGenerator<Buffer> {
  const handle = await open(file, 'r')
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw notAFile(stat.isDirectory())
    const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES)
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

async function isZip(file: string): Promise<boolean> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    return bytesRead === 4 && buffer.toString('latin1') === 'PK\x03\x04'
  } finally {
    await handle.close()
  }
}
