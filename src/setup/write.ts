/** A new file that only its owner can read: whole or not at all, and never over one that is there. */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Throws what the file system throws; EEXIST where there is something of this name. */
export function writeNew(file: string, text: string): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`
  const descriptor = openSync(draft, 'wx', 0o600)
  try {
    try {
      writeFileSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    putInPlace(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** A link never replaces. Where the file system has none, the name is taken first, and the draft then takes it over. */
function putInPlace(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK'].includes(code ?? '')) throw error
    closeSync(openSync(file, 'wx', 0o600))
    renameSync(draft, file)
  }
}
