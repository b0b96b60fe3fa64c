import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { notAFile } from './trouble.ts'

/** At a time: fits into a processor's cache, and is large beside what a call costs. */
export const BLOCK_BYTES = 512 * 1024

/** Opens a regular file; throws for anything else, and never waits for a pipe's other end. */
export async function openFile(file: string): Promise<FileHandle> {
  await statFile(file)
  return await open(file, 'r')
}

export async function statFile(file: string): Promise<BigIntStats> {
  const stats = await stat(file, { bigint: true })
  if (stats.isDirectory()) throw notAFile('EISDIR')
  if (!stats.isFile()) throw notAFile('ENXIO')
  return stats
}

/** The bytes from `position` on, as many as there are and fit into `buffer`. */
export async function readAt(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position)
  return buffer.subarray(0, bytesRead)
}

/** Whether the line at `offset` began before it. */
export async function isMidLine(handle: FileHandle, offset: number): Promise<boolean> {
  if (offset === 0) return false
  const before = await readAt(handle, Buffer.alloc(1), offset - 1)
  return before[0] !== 10
}
