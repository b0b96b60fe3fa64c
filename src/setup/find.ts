/** Where MCDReforged's folder usually is: looked for in few places, and never deep. */
import { readdirSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isMcdrFolder } from './folder.ts'

/** Folders whose folders are looked at: packages, panels, and what people make by hand. */
const ROOTS = [
  '/opt',
  '/srv',
  '/data',
  '/home',
  '/opt/mcsmanager/daemon/data/InstanceData',
  '/var/lib/pterodactyl/volumes',
]
/** Folders that a container has. */
const PLACES = ['/mcdr', '/minecraft', '/home/container']

/** More entries of a folder are not looked at. */
const MOST_ENTRIES = 100
/** A name that is worth a look one level deeper than others. */
const LIKELY = /mcdr|mcdreforged|minecraft|^mc|server|survival|creative/i

export type Places = { cwd: string; home: string; roots?: readonly string[]; places?: readonly string[] }

/** Absolute paths of the folders of MCDReforged that were found, the nearest first, each once. */
export function findMcdr({ cwd, home, roots = ROOTS, places = PLACES }: Places): string[] {
  const candidates = [
    cwd,
    join(cwd, '..'),
    ...foldersIn(cwd),
    ...foldersIn(join(cwd, '..')).filter(isLikely),
    ...nearIn(home),
    ...places,
    ...roots.flatMap(nearIn),
  ]
  const found = new Map<string, string>()
  for (const dir of candidates) {
    if (!isMcdrFolder(dir)) continue
    const real = realpathSync(dir)
    if (!found.has(real)) found.set(real, dir)
  }
  return [...found.keys()]
}

/** The folders in a folder, and in each of those what has a likely name, or is in one. */
function nearIn(root: string): string[] {
  return foldersIn(root).flatMap(dir => [
    dir,
    ...foldersIn(dir).filter(inner => isLikely(dir) || isLikely(inner)),
  ])
}

function isLikely(dir: string): boolean {
  return LIKELY.test(basename(dir))
}

/** Also those behind symbolic links; none where it can't be read. */
function foldersIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter(entry => entry.isDirectory() || entry.isSymbolicLink())
      .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
      .slice(0, MOST_ENTRIES)
      .map(({ name }) => join(dir, name))
  } catch {
    return []
  }
}
