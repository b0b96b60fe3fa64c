/** Why a log can't be read, as one line for a person. */

const REMEDIES: { [code: string]: string } = {
  ENOENT: 'there is no such file yet; if MCDReforged has run, correct mcdr.log',
  ENOTDIR: 'a part of the path is no folder; correct mcdr.log',
  EISDIR: 'this is a folder; name the MCDR.log in it',
  ENXIO: 'this is no ordinary file; name the MCDR.log',
  EACCES:
    'it may not be read; give the user of the bridge the right to (chmod, chown, or the group of MCDReforged)',
  EPERM:
    'it may not be read; give the user of the bridge the right to (chmod, chown, or the group of MCDReforged)',
  EMFILE: 'too many files are open; raise the limit of the bridge (ulimit -n, LimitNOFILE)',
}

export function troubleOf(file: string, error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: string; message?: string }
  return `${file}: ${REMEDIES[code ?? ''] ?? `it can't be read (${code ?? message}); see whether its disk is mounted and sound`}`
}

/** A file that is none to read from. */
export function notAFile(isDirectory: boolean): Error {
  return Object.assign(new Error('no file'), { code: isDirectory ? 'EISDIR' : 'ENXIO' })
}
