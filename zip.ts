/** MCDReforged zips a log when it begins a new one: `YYYY-MM-DD-N.zip` beside it, with the log as the only entry. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BEGINNING_BYTES } from './position.ts'

const ZIP_NAME = /^(\d{4}-\d{2}-\d{2})-(\d+)\.zip$/

/** The zips of a folder, oldest first: by the time they were written, then by name (the N as a number). */
export async function listZips(folder: string): Promise<string[]> {
  const zips: { file: string; writtenNs: bigint; day: string; number: number }[] = []
  for (const name of await readdir(folder)) {
    const [, day, number] = ZIP_NAME.exec(name) ?? []
    if (day === undefined || number === undefined) continue
    const file = join(folder, name)
    // One that is gone by now is none.
    const stats = await stat(file, { bigint: true }).catch(() => undefined)
    if (stats?.isFile()) zips.push({ file, writtenNs: stats.mtimeNs, day, number: Number(number) })
  }
  zips.sort(
    (a, b) =>
      Number(a.writtenNs > b.writtenNs) - Number(a.writtenNs < b.writtenNs) ||
      Number(a.day > b.day) - Number(a.day < b.day) ||
      a.number - b.number,
  )
  return zips.map(({ file }) => file)
}

/** The content of a zip's first file, as a stream. Throws where the zip is broken. */
export async function* readZip(file: string): AsyncGenerator<Buffer> {
  // Most logs are followed without ever a zip.
  const { openPromise } = await import('yauzl')
  const zip = await openPromise(file, { autoClose: false })
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue
      for await (const chunk of await zip.openReadStreamPromise(entry)) yield chunk
      return
    }
  } finally {
    zip.close()
  }
}

/** The first bytes of a zip's content. */
export async function readZipBeginning(file: string): Promise<Buffer> {
  let beginning: Buffer = Buffer.alloc(0)
  for await (const chunk of readZip(file)) {
    beginning = lengthen(beginning, chunk)
    if (beginning.length === BEGINNING_BYTES) break
  }
  return beginning
}

/** A beginning with what follows it, up to the bytes that count. */
export function lengthen(beginning: Buffer, next: Buffer): Buffer {
  if (beginning.length === BEGINNING_BYTES) return beginning
  return Buffer.concat([beginning, next.subarray(0, BEGINNING_BYTES - beginning.length)])
}
