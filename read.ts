import { codeOf, troubleOf } from './trouble.ts'
import { BLOCK_BYTES, openFile, readAt } from './file.ts'
import { createLogScanner, type LogRecord } from './records.ts'
import { readZip } from './zip.ts'

const ZIP_MAGIC = Buffer.from('PK\x03\x04')

/**
 * All records of a whole log, or of a zip of one (told by its content), in order; for a replay.
 * Throws an error of one line that names the file and the remedy.
 */
export async function* readLog(file: string): AsyncGenerator<readonly LogRecord[]> {
  const scanner = createLogScanner()
  for await (const chunk of readBytes(file)) {
    const records = scanner.push(chunk)
    if (records.length > 0) yield records
  }
  const last = scanner.flush(true)
  if (last.length > 0) yield last
}

async function* readBytes(file: string): AsyncGenerator<Buffer> {
  let zipped = false
  try {
    await using handle = await openFile(file)
    const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES)
    let chunk = await readAt(handle, buffer, 0)
    zipped = chunk.subarray(0, ZIP_MAGIC.length).equals(ZIP_MAGIC)
    if (zipped) return yield* readZip(file)
    for (let position = 0; chunk.length > 0; chunk = await readAt(handle, buffer, position)) {
      yield chunk
      position += chunk.length
    }
  } catch (error) {
    throw new Error(zipped ? brokenZip(file, error) : troubleOf(error, file).reason, { cause: error })
  }
}

/** One line. */
export function brokenZip(file: string, error: unknown): string {
  if (codeOf(error) !== undefined) return troubleOf(error, file).reason
  const [what] = String(error instanceof Error ? error.message : error).split('\n', 1)
  return `${file}: this zip is broken (${what}); get a whole copy of it, or unzip what is left of it`
}
