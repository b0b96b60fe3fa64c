/** The documents as a whole: their links lead somewhere, and what is told in two languages is told alike. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { renderSchema } from '../../src/config/schema.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGES = globSync(['*.md', 'docs/*.md', 'bench/*.md'], { cwd: ROOT })

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** Without what stands in fences. */
function prose(markdown: string): string {
  return markdown.replace(/^ *```[\s\S]*?^ *```/gm, '')
}

function headingsOf(markdown: string): string[] {
  return [...prose(markdown).matchAll(/^(#+ .+)$/gm)].map(([, heading = '']) => heading)
}

/** The anchors that GitHub makes of the headings. */
function anchorsOf(markdown: string): string[] {
  return headingsOf(markdown).map(heading =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  )
}

for (const page of PAGES) {
  test(`the links of ${page} lead to files and headings that there are`, () => {
    const links = [...prose(read(page)).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(
      ([, link, source]) => link ?? source ?? '',
    )
    for (const link of links.filter(link => !/^https?:/.test(link))) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : relative('.', join(dirname(page), path))
      assert.ok(existsSync(join(ROOT, target)), `${link}: no such file`)
      if (anchor !== undefined)
        assert.ok(
          anchorsOf(read(target)).includes(anchor),
          `${link}: no heading of ${target} has this anchor`,
        )
    }
  })

  test(`no heading of ${page} stands there twice`, () => {
    const anchors = anchorsOf(read(page))
    assert.deepEqual(
      anchors.filter((anchor, index) => anchors.indexOf(anchor) < index),
      [],
    )
  })
}

/** How deep each heading is, and how many rows, items and fences its section has. */
function shapeOf(markdown: string): object[] {
  return markdown.split(/^(?=#+ )/m).map(section => ({
    depth: /^#+/.exec(section)?.[0].length,
    rows: section.match(/^\|/gm)?.length ?? 0,
    items: section.match(/^ *(-|\d+\.) /gm)?.length ?? 0,
    fences: section.match(/^ *```/gm)?.length ?? 0,
  }))
}

for (const chinese of PAGES.filter(page => page.endsWith('.zh.md'))) {
  const english = chinese.replace('.zh.md', '.md')
  test(`${chinese} has the sections of ${english}, and as much in each of them`, () => {
    assert.deepEqual(shapeOf(read(chinese)), shapeOf(read(english)))
  })
}

type Schema = { properties?: { [key: string]: Schema }; items?: Schema }

/** `minecraft.port`, for each key below each block of the config. */
function keysOf({ properties = {}, items }: Schema): string[] {
  const own = Object.entries(properties).flatMap(([block, child]) => [
    ...Object.keys((child.items ?? child).properties ?? {}).map(key => `${block}.${key}`),
    ...keysOf(child),
  ])
  return items ? [...own, ...keysOf(items)] : own
}

test('the keys of the config that the documents name are those that there are', () => {
  const known = new Set(keysOf(JSON.parse(renderSchema())))
  const blocks = new Set([...known].map(key => key.split('.')[0]))
  const named = PAGES.flatMap(page =>
    [...prose(read(page)).matchAll(/`(?:servers\[\]\.)?(\w+)\.(\w+)`/g)]
      .filter(([, block = '', key = '']) => blocks.has(block) && !['ts', 'md', 'json', 'lock'].includes(key))
      .map(([, block, key]) => `${block}.${key}`),
  )
  assert.ok(named.length > 100)
  assert.deepEqual(
    named.filter(key => !known.has(key)),
    [],
  )
})
