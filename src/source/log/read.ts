/** Whole logs, for a replay. */
import { open } from 'node:fs/promises'
import { createLogScanner, type LogRecord } from './records.ts'
import { notAFile, troubleOf } from './trouble.ts'
import { readZip } from './zip.ts'

const BLOCK_BYTES = 512 * 1024

/** All records of a log, or of one of MCDR's zips of it. Throws an Error whose line names the file and the remedy. */
export async function* readLog(file: string): AsyncGenerator<readonly LogRecord[]> {
  const scanner = createLogScanner()
  try {
    for await (const chunk of (await isZip(file)) ? readZip(file) : readBlocks(file)) {
      const records = scanner.push(chunk)
      if (records.length > 0) yield records
    }
  } catch (error) {
    throw new Error(troubleOf(file, error))
  }
  // The last line of a finished file is whole, with a break or without.
  const last = [...scanner.push(Buffer.from('\n')), ...scanner.flush()]
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
