/** The licences of what is bundled, as their authors ask: each with its text, or the build fails. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Package = { name: string; version: string; license?: string; author?: string | { name: string } }

/**
 * One text with the licence of every package that these files (from `root`, with slashes) come from. A package whose
 * authors ship no text gets that of the licence it names; there is one for MIT only, and others are an error.
 */
export function licencesOf(files: Iterable<string>, root: string): string {
  const isPackage = (folder: string) => existsSync(join(root, folder, 'package.json'))
  const found = [...files].flatMap(file => {
    const [folder, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? []
    // Where a package was bundled into another by its authors, theirs was elsewhere.
    return folder ? ([folder, `node_modules/${name}`].find(isPackage) ?? []) : []
  })
  const folders = [...new Set(found)]
  const mit = readFileSync(join(root, 'LICENSE'), 'utf8').replace(/^[\s\S]*?(?=Permission is hereby)/, '')
  const parts = folders.map(folder => {
    const { name, version, license, author } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    ) as Package
    const own = readdirSync(join(root, folder))
      .filter(file => /^(licen[cs]e|copying|notice)/i.test(file))
      .toSorted()
    if (own.length === 0 && license !== 'MIT')
      throw new Error(
        `${folder} names the licence ${license} and ships no text of it; find one, or do without it`,
      )
    const holder = typeof author === 'string' ? author : author?.name
    const texts =
      own.length > 0
        ? own.map(file => readFileSync(join(root, folder, file), 'utf8').trim())
        : [`MIT License\n\nCopyright (c) ${holder ?? `the authors of ${name}`}\n\n${mit.trim()}`]
    return { title: `${name} ${version} (${license ?? 'see below'})`, text: texts.join('\n\n') }
  })
  return parts
    .toSorted((a, b) => (a.title < b.title ? -1 : 1))
    .map(({ title, text }) => `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text}\n`)
    .join('\n')
}
