/** The scene of the demo that the README shows: whether a run of the demo has it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
/** Stands in the README where lines were left out. */
const LEFT_OUT = '…'

/** Lines of the README's recording that a run did not print; their numbers and times are another's each time. */
export function missingLines(stdout: string): string[] {
  const recording = /^From a run of `npm run demo[\s\S]*?```text\n([\s\S]*?)```/m.exec(README)?.[1]
  assert.ok(recording, 'the README has no recording of the demo')
  const printed = new Set(stdout.split('\n').map(timeless))
  const lines = recording.split('\n').filter(line => line !== '' && line.trim() !== LEFT_OUT)
  assert.ok(lines.length > 20)
  return lines.filter(line => !printed.has(timeless(line)))
}

function timeless(line: string): string {
  return line
    .trimEnd()
    .replace(/[+-]\d\d:\d\d/g, '±0')
    .replace(/\d+/g, '0')
}
