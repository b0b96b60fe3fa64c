/**
 * `npm run build`: the release folder `dist/`, which runs with Node alone, wherever it is moved to.
 *
 *     cli.js          the entry: checks Node's version, in the oldest syntax
 *     lib/*.mjs       the bridge and its libraries, in pieces that are loaded when needed
 *     data/*.json.br  what minecraft-data knows of each version of Java Edition, as far as it is needed
 *     plugin.json, config.example.json, config.schema.json, LICENSE, LICENSES.txt
 *
 * The source maps go to `dist-maps/`, which is installed nowhere; in the repository `node --enable-source-maps` finds them.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { minecraftData } from './data.ts'
import { licencesOf } from './licences.ts'

const ROOT = join(import.meta.dirname, '..')
const COPIED = ['plugin.json', 'config.example.json', 'config.schema.json', 'LICENSE']

/** What stands in the place of packages. Libraries look for the first two, and do without; the others as in src/source/nmp.ts. */
const STAND_INS: { [name: string]: string } = {
  'supports-color': '{}',
  encoding: '{}',
  'protodef-validator': "require('./src/source/light.ts').NoValidator",
  'prismarine-chat': "require('./src/source/light.ts').NO_CHAT",
}

/** CommonJS in an ES module wants these. */
const BANNER = `import { createRequire as createRequire_ } from 'node:module'
const require = createRequire_(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname`

/** Builds the release into the folder `out`, anew, and its source maps into `maps`; how many bytes `out` holds. */
export async function buildRelease(out: string, maps: string): Promise<number> {
  rmSync(out, { recursive: true, force: true })
  rmSync(maps, { recursive: true, force: true })
  let bytes = 0
  function write(path: string, contents: string | Uint8Array) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, contents)
    if (!relative(out, path).startsWith('..')) bytes += Buffer.byteLength(contents)
  }

  const { plugin, files } = minecraftData()
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: 'src/cli.ts' },
    outdir: join(out, 'lib'),
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    charset: 'utf8',
    // Its CommonJS build hides what it requires from a bundler; others would be found here.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
    logOverride: { 'indirect-require': 'error' },
    // Names stay: protodef makes code of functions' texts, and a stack trace should say something.
    minifySyntax: true,
    banner: { js: BANNER },
    define: { 'import.meta.main': 'false' },
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    write: false,
    plugins: [plugin, standIns],
  })
  refuseForeign(metafile)
  const sources = new Set(Object.keys(metafile.inputs))
  for (const { path, contents, text } of outputFiles) {
    if (path.endsWith('.map')) {
      const map = moveMap(text, dirname(path), maps)
      write(join(maps, basename(path)), JSON.stringify(map))
      // A package that has another one in its own bundle says so in its own source map.
      for (const source of map.sources) sources.add(slashed(relative(ROOT, join(maps, source))))
    } else {
      const url = slashed(relative(dirname(path), join(maps, `${basename(path)}.map`)))
      write(path, Buffer.concat([contents, Buffer.from(`//# sourceMappingURL=${url}\n`)]))
    }
  }
  for (const { path, contents } of files) write(join(out, 'data', path), contents)
  for (const file of COPIED) write(join(out, file), readFileSync(join(ROOT, file)))
  write(join(out, 'LICENSES.txt'), licencesOf(sources, ROOT))
  write(join(out, 'package.json'), '{ "type": "commonjs" }\n')
  write(join(out, 'cli.js'), entry())
  chmodSync(join(out, 'cli.js'), 0o755)
  return bytes
}

const standIns: Plugin = {
  name: 'stand-ins',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${Object.keys(STAND_INS).join('|')})$`) }, ({ path }) => ({
      path,
      namespace: 'stand-in',
    }))
    build.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({
      contents: `module.exports = ${STAND_INS[path]}`,
      resolveDir: ROOT,
    }))
  },
}

/** What is left outside of the bundle must be Node's own. */
function refuseForeign({ outputs }: Metafile) {
  for (const { imports } of Object.values(outputs))
    for (const { path, external } of imports)
      if (external && !path.startsWith('node:') && !builtinModules.includes(path))
        throw new Error(`the release would need the package ${path}, which is not bundled`)
}

/** A source map whose sources are found from another folder. */
function moveMap(text: string, from: string, to: string): { sources: string[] } {
  const map = JSON.parse(text) as { sources: string[] }
  const sources = map.sources.map(source => slashed(relative(to, join(from, source))))
  return { ...map, sources }
}

const slashed = (path: string) => path.replaceAll('\\', '/')

/** Any Node reads this: it is CommonJS without anything newer than `var`. */
function entry(): string {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    engines: { node: string }
  }
  const major = /^>=(\d+)$/.exec(engines.node)?.[1]
  if (major === undefined) throw new Error(`engines.node of package.json is ${engines.node}; write ">=24"`)
  return `#!/usr/bin/env node
if (parseInt(process.versions.node, 10) < ${major}) {
  process.stderr.write(
    'pb-bridge: Node.js ${major} or newer is needed, and this is ' + process.versions.node +
      ' / 需要 Node.js ${major} 或更新的版本: https://nodejs.org\\n'
  )
  process.exitCode = 1
} else {
  // What the bundled libraries do in an old way is not for users to mend. Node is silent of it in node_modules, too.
  process.noDeprecation = true
  require('./lib/main.mjs')
}
`
}

if (import.meta.main) {
  const bytes = await buildRelease(join(ROOT, 'dist'), join(ROOT, 'dist-maps'))
  console.error(`dist/: ${(bytes / 1e6).toFixed(1)} MB`)
}
