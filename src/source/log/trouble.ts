/** Why a log can't be read, as one line for a person. */

const RIGHTS =
  'it may not be read; give the user of the bridge the right to (chmod, chown, or the group of MCDReforged)'

/** `option`: where the file was named. */
const REMEDIES: { [code: string]: (option: string) => string } = {
  ENOENT: option => `there is no such file yet; if MCDReforged has run, correct ${option}`,
  ENOTDIR: option => `a part of the path is no folder; correct ${option}`,
  EISDIR: () => 'this is a folder; name the MCDR.log in it',
  ENXIO: () => 'this is no ordinary file; name the MCDR.log',
  EACCES: () => RIGHTS,
  EPERM: () => RIGHTS,
  EMFILE: () => 'too many files are open; raise the limit of the bridge (ulimit -n, LimitNOFILE)',
}

export function troubleOf(file: string, error: unknown, option = 'mcdr.log'): string {
  const { code, message } = (error ?? {}) as { code?: string; message?: string }
  const remedy = REMEDIES[code ?? '']?.(option)
  return `${file}: ${remedy ?? `it can't be read (${code ?? message}); see whether its disk is mounted and sound`}`
}

/** A file that is none to read from. */
export function notAFile(isDirectory: boolean): Error {
  return Object.assign(new Error('no file'), { code: isDirectory ? 'EISDIR' : 'ENXIO' })
}
