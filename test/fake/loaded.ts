/** For `node --import`: says on standard error which packages the process loads. */
import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(found.url)?.[1]
    if (name !== undefined) writeSync(2, `loaded ${name}\n`)
    return found
  },
})
