import { messageOf } from '../disconnect.ts'

/** Why a log can't be read, and what a person does about it. */
const REMEDIES = {
  ENOENT:
    'there is no such file yet; MCDReforged makes it when it starts: is this the path of logs/MCDR.log in its folder?',
  EACCES: 'no permission to read it; let the user of this program read the file and enter its folders',
  EPERM: 'no permission to read it; let the user of this program read the file and enter its folders',
  EISDIR: 'this is a folder; name the MCDR.log in it',
  ENOTDIR: 'a part of this path is a file and no folder; correct the path',
  ELOOP: 'its symbolic links go round in a ring; correct the path',
  ENAMETOOLONG: 'this path is too long; correct it',
  EMFILE: 'too many files are open; raise the limit of open files (ulimit -n) of this program',
  ENFILE: 'too many files are open on this machine; raise its limit',
  EIO: 'the disk failed while it was read; look into the disk, or the mount',
  ESTALE: 'the network folder lost it; mount the folder again',
  ENXIO: 'this is no file but a device or a pipe; name the MCDR.log that MCDReforged writes',
} as const

export type LogTroubleCode = keyof typeof REMEDIES | 'UNKNOWN'

export type LogTrouble = {
  code: LogTroubleCode
  /** One line: the path, what is wrong with it, the remedy. */
  reason: string
}

/** From what the file system threw. */
export function troubleOf(error: unknown, file: string): LogTrouble {
  const code = codeOf(error)
  if (code !== undefined) return { code, reason: `${file}: ${REMEDIES[code]} (${code})` }
  return { code: 'UNKNOWN', reason: `${file}: it can't be read; see to it that it can (${firstLine(messageOf(error))})` }
}

/** Thrown where a path leads to something that is no file. */
export function notAFile(code: 'EISDIR' | 'ENXIO'): Error {
  return Object.assign(new Error(REMEDIES[code]), { code })
}

export function codeOf(error: unknown): keyof typeof REMEDIES | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && Object.hasOwn(REMEDIES, code) ? (code as keyof typeof REMEDIES) : undefined
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
