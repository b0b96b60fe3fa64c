/** What the documents quote of the program's words is what it says. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
/** The head of the column that has the program's words. */
const HEADS = ['it says', '它说']
/** A shorter piece would be found anywhere. */
const LEAST_BYTES = 6

/** The lines of the source that are no comments. */
const SOURCE = globSync('src/**/*.ts', { cwd: ROOT }).flatMap(file =>
  readFileSync(join(ROOT, file), 'utf8')
    .split('\n')
    .filter(line => !/^\s*(\/\/|\/?\*)/.test(line)),
)

const DOCUMENTS = globSync(['*.md', 'docs/*.md'], { cwd: ROOT })

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

/** The first cells of all tables whose first head is one of `HEADS`. */
function quotesOf(markdown: string): string[] {
  return markdown
    .split('\n\n')
    .filter(block => HEADS.some(head => block.startsWith(`| ${head} |`)))
    .flatMap(table => table.split('\n').slice(2))
    .filter(row => row.startsWith('|'))
    .map(row => /^\| `([^`]+)` \|/.exec(row)?.[1] ?? assert.fail(`no quote in: ${row}`))
}

/** Whether one line of the source has all the words of a piece, in their order; `…` stands for what differs. */
function isSaid(piece: string): boolean {
  const words = piece.split('…')
  assert.ok(
    Buffer.byteLength(words.join('').trim()) >= LEAST_BYTES,
    `"${piece}" says too little to be looked for`,
  )
  const [longest = ''] = words.toSorted((a, b) => b.length - a.length)
  const pattern = new RegExp(words.map(escaped).join('.*'), 'u')
  return SOURCE.some(line => line.includes(longest) && pattern.test(line))
}

function escaped(words: string): string {
  return words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** What stands before an arrow, and the remedy behind it, come from two places. */
function piecesOf(quote: string): string[] {
  return quote.split(' → ')
}

describe('the words of the program in the documents', () => {
  for (const file of DOCUMENTS) {
    const quotes = quotesOf(read(file))
    if (quotes.length === 0) continue
    it(`are those of the source in ${file}`, () => {
      const unsaid = quotes.flatMap(piecesOf).filter(piece => !isSaid(piece))
      assert.deepEqual(unsaid, [])
    })
  }

  it('would be missed where the program says something else', () => {
    assert.ok(isSaid("the bot can't join: …"))
    assert.ok(!isSaid('the bot can never join'))
    assert.ok(!isSaid('join … the bot can'))
  })
})
