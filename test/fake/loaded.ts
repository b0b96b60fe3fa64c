/** For `node --import`: says on standard error which packages the process loads, also those in pieces of the release. */
import { readFileSync, writeSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const sources = found.url.endsWith('.mjs') ? sourcesOf(found.url) : [found.url]
    const names = sources.map(source => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1])
    for (const name of new Set(names)) if (name !== undefined) writeSync(2, `loaded ${name}\n`)
    return found
  },
})

/** By its source map, if it has one. */
function sourcesOf(url: string): string[] {
  const map = /\/\/# sourceMappingURL=(.*)\n$/.exec(readFileSync(fileURLToPath(url), 'utf8'))?.[1]
  return map === undefined ? [url] : JSON.parse(readFileSync(new URL(map, url), 'utf8')).sources
}
