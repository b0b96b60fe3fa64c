/** Where the tokens of Microsoft accounts are kept: files that only their owner can read. */
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Cache = {
  reset(): Promise<object>
  getCached(): Promise<object>
  setCached(value: object): Promise<void>
  setCachedPartial(value: object): Promise<void>
}

/** A cache factory as prismarine-auth takes it; its own files would be readable by everybody. */
export function tokenCache(dir: string): (request: { cacheName: string; username: string }) => Cache {
  return ({ cacheName, username }) => {
    const name = createHash('sha256').update(username).digest('hex').slice(0, 12)
    return fileCache(join(dir, `${name}-${cacheName}.json`), dir)
  }
}

function fileCache(path: string, dir: string): Cache {
  let cached: object | undefined
  async function setCached(value: object) {
    cached = value
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writeFileSync(`${path}.tmp`, JSON.stringify(value), { mode: 0o600 })
    chmodSync(`${path}.tmp`, 0o600)
    renameSync(`${path}.tmp`, path)
  }
  async function getCached() {
    cached ??= read()
    return cached
  }
  function read(): object {
    try {
      const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
      return typeof value === 'object' && value !== null ? value : {}
    } catch {
      return {}
    }
  }
  return {
    getCached,
    setCached,
    reset: async () => {
      await setCached({})
      return {}
    },
    setCachedPartial: async value => setCached({ ...(await getCached()), ...value }),
  }
}
