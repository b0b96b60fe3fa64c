import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { tokenCache } from '../../src/source/tokens.ts'

let root: string
let dir: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pb-tokens-'))
  dir = join(root, 'state', 'tokens')
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const open = (username = 'me@example.org', cacheName = 'live') => tokenCache(dir)({ username, cacheName })

function onlyFile(): string {
  const files = readdirSync(dir)
  assert.equal(files.length, 1, files.join())
  return join(dir, files[0] ?? '')
}

describe('the cache of tokens', () => {
  it('is empty at first, and makes no file for that', async () => {
    assert.deepEqual(await open().getCached(), {})
    assert.deepEqual(readdirSync(root), [])
  })

  it('lets nobody but its owner read it', { skip: process.platform === 'win32' }, async () => {
    const umask = process.umask(0)
    try {
      await open().setCached({ token: 'secret' })
    } finally {
      process.umask(umask)
    }
    assert.equal(modeOf(dir), '700')
    assert.equal(modeOf(onlyFile()), '600')
    chmodSync(onlyFile(), 0o644)
    writeFileSync(`${onlyFile()}.tmp`, '', { mode: 0o644 })
    await open().setCached({ token: 'other' })
    assert.equal(modeOf(onlyFile()), '600')
  })

  it('keeps what it is given over a restart, and adds to it', async () => {
    const cache = open()
    await cache.setCached({ a: 1, b: 2 })
    await cache.setCachedPartial({ b: 3 })
    assert.deepEqual(await cache.getCached(), { a: 1, b: 3 })
    assert.deepEqual(await open().getCached(), { a: 1, b: 3 })
    await open().setCachedPartial({ c: 4 })
    assert.deepEqual(await open().getCached(), { a: 1, b: 3, c: 4 })
  })

  it('forgets when it is reset', async () => {
    await open().setCached({ token: 'secret' })
    assert.deepEqual(await open().reset(), {})
    assert.deepEqual(await open().getCached(), {})
    assert.doesNotMatch(readFileSync(onlyFile(), 'utf8'), /secret/)
  })

  it('is one for each account and each kind of token, by names that say no account', async () => {
    await open('me@example.org', 'live').setCached({ is: 1 })
    await open('me@example.org', 'mca').setCached({ is: 2 })
    await open('../../you', 'live').setCached({ is: 3 })
    assert.deepEqual(await open('me@example.org', 'live').getCached(), { is: 1 })
    assert.deepEqual(await open('me@example.org', 'mca').getCached(), { is: 2 })
    assert.deepEqual(await open('../../you', 'live').getCached(), { is: 3 })
    assert.equal(readdirSync(dir).length, 3)
    assert.ok(readdirSync(dir).every(name => /^[0-9a-f]{12}-(live|mca)\.json$/.test(name)))
  })

  it('is empty where its file is broken, so that a person signs in again', async () => {
    await open().setCached({ token: 'secret' })
    for (const broken of ['', '{"token":', 'null', '3', '"text"']) {
      writeFileSync(onlyFile(), broken)
      assert.deepEqual(await open().getCached(), {}, broken)
    }
  })
})
