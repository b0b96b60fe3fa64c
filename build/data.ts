/**
 * minecraft-data, as the release has it: its own logic over what the bridge and its libraries read of each version of
 * Java Edition, compressed, a file for each, read when it is first asked for. The package itself is 500 MB.
 */
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import type { Plugin } from 'esbuild'

const require = createRequire(import.meta.url)

/** What is read of a version beside its number, and what of it is kept. The last two are for the demo's server. */
const KEPT: { [kind: string]: (data: unknown) => unknown } = {
  protocol: data => data,
  loginPacket: data => data,
  blocks: data =>
    (data as { [field: string]: unknown }[]).map(({ id, name, defaultState }) => ({
      id,
      name,
      defaultState,
    })),
}

type Release = { version: number; releaseType?: string }
type Data = { version: { version: number } }
type MinecraftData = {
  postNettyVersionsByProtocolVersion: { pc: { [protocol: string]: Release[] | undefined } }
}
type Source = { name: string; version: object; paths: { [kind: string]: string } }

/** Each version of minecraft-data that a release of the game speaks, and where in the package its data are. */
function sources(): Source[] {
  const { postNettyVersionsByProtocolVersion: releases } = require('minecraft-data') as MinecraftData
  const { pc } = require('minecraft-data/data.js') as { pc: { [name: string]: Data } }
  return Object.entries(pc).flatMap(([name, data]) => {
    const { version } = data
    const isSpoken = releases.pc[version.version]?.some(({ releaseType }) => releaseType !== 'snapshot')
    return isSpoken && /^[\d.]+$/.test(name) ? [{ name, version, paths: pathsOf(data) }] : []
  })
}

/** The package has a getter for each kind, `() => require("./path")`; the path is in its text alone. */
function pathsOf(data: Data): { [kind: string]: string } {
  const found: { [kind: string]: string } = {}
  for (const [kind, { get }] of Object.entries(Object.getOwnPropertyDescriptors(data))) {
    if (!KEPT[kind]) continue
    const path = /require\("([^"]+)"\)/.exec(String(get))?.[1]
    if (path === undefined)
      throw new Error(`minecraft-data names no file for ${kind} any more; see build/data.ts`)
    found[kind] = path
  }
  return found
}

export type DataFile = { path: string; contents: Uint8Array }

/** The files of `data/`, and the module that stands for minecraft-data's `data.js` and reads them. */
function pack(): { files: DataFile[]; module: string } {
  const files = new Map<string, DataFile>()
  const versions = sources().map(({ name: version, version: number, paths }) => {
    const getters = Object.entries(paths).map(([kind, path]) => {
      const name = `${basename(dirname(path))}.${kind}.json.br`
      if (!files.has(name)) {
        const kept = KEPT[kind]?.(require(join('minecraft-data', path)))
        files.set(name, { path: name, contents: compress(JSON.stringify(kept)) })
      }
      return `    get ${kind}() { return read(${JSON.stringify(name)}) },`
    })
    getters.unshift(`    version: ${JSON.stringify(number)},`)
    return `  ${JSON.stringify(version)}: {\n${getters.join('\n')}\n  },`
  })
  return {
    files: [...files.values()],
    module: `${READER}export const bedrock = {}\nexport const pc = {\n${versions.join('\n')}\n}\n`,
  }
}

/** Code of a chunk in `lib/`, which is beside `data/`. The library changes what it got, and expects to find it so again. */
const READER = `
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'

const known = new Map()

function read(name) {
  if (!known.has(name))
    known.set(name, JSON.parse(brotliDecompressSync(readFileSync(new URL('../data/' + name, import.meta.url))).toString()))
  return known.get(name)
}
`

/** Instead of the package's indexes of everything: what is kept, made when it is asked for. */
const LOADER = `
module.exports = data => ({
  version: data.version,
  get protocol() { return data.protocol },
  get loginPacket() { return data.loginPacket },
  get blocksByName() { return Object.fromEntries((data.blocks || []).map(block => [block.name, block])) },
})
`

function compress(text: string): Buffer {
  return brotliCompressSync(text, {
    // The highest quality takes 15 seconds for a seventh less.
    params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
  })
}

/** The plugin, and the files that the bundle needs in `data/` beside its folder. */
export function minecraftData(): { plugin: Plugin; files: DataFile[] } {
  const { files, module } = pack()
  const inPackage = (path: string) => new RegExp(`[\\\\/]minecraft-data[\\\\/]${path}$`)
  const plugin: Plugin = {
    name: 'minecraft-data',
    setup(build) {
      build.onLoad({ filter: inPackage('data\\.js') }, ({ path }) => ({
        contents: module,
        resolveDir: dirname(path),
      }))
      build.onLoad({ filter: inPackage('lib[\\\\/]loader\\.js') }, () => ({ contents: LOADER }))
      const unused =
        '(schemas|.*[\\\\/]bedrock[\\\\/].*|.*[\\\\/]pc[\\\\/]common[\\\\/]legacy)[^\\\\/]*\\.json'
      build.onLoad({ filter: inPackage(`minecraft-data[\\\\/]${unused}`) }, () => ({
        contents: '[]',
        loader: 'json',
      }))
    },
  }
  return { plugin, files }
}
