import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { makeFolder } from '../fake/folder.ts'
import { callCli } from '../fake/process.ts'
import { startReceiver } from '../fake/receiver.ts'
import { CTRL_C, DOWN, ENTER } from '../fake/terminal.ts'
import { until } from '../fake/until.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')
const root = mkdtempSync(join(tmpdir(), 'pb-init-cli-'))
after(() => rmSync(root, { recursive: true }))

const mcdr = makeFolder(join(root, 'mcdr')).dir
const env = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: join(root, 'cache'),
  LANG: 'en_US.UTF-8',
  TERM: 'xterm',
}

function emptyFolder() {
  return mkdtempSync(join(root, 'cwd-'))
}

const call = (cwd: string, args: string[]) => callCli(args, { cwd, env })

describe('pb-bridge init', () => {
  it('without a terminal writes ./config.json, which check then takes', async () => {
    const cwd = emptyFolder()
    const { code, stdout, stderr } = await call(cwd, ['init', '--mcdr', mcdr])
    assert.equal(code, 1, stderr)
    assert.match(
      stdout,
      /^✓ MCDReforged 2\.15\.7 in [\s\S]*\.\/config\.json is written; only you can read it\./,
    )
    assert.equal(statSync(join(cwd, 'config.json')).mode & 0o777, 0o600)
    const checked = await call(cwd, ['check'])
    assert.equal(checked.code, 0, checked.stdout)
    assert.match(checked.stdout, /\n! no endpoint is enabled/)
    const again = await call(cwd, ['init', '--mcdr', mcdr])
    assert.equal(again.code, 2)
    assert.match(again.stderr, /^pb-bridge: \.\/config\.json is there already, and init writes over nothing;/)
  })

  it('takes several folders, and another language', async () => {
    const cwd = emptyFolder()
    const other = makeFolder(join(root, 'creative'), { properties: { 'server-port': 25_566 } }).dir
    const { stdout } = await call(cwd, ['init', '--mcdr', mcdr, '--mcdr', other, '--language', 'zh_cn'])
    assert.match(stdout, /已写入 \.\/config\.json，仅您可读取。/)
    const { servers } = JSON.parse(readFileSync(join(cwd, 'config.json'), 'utf8'))
    assert.deepEqual(
      servers.map(({ name }: { name: string }) => name),
      ['minecraft', 'creative'],
    )
    const { code, stderr } = await call(cwd, ['init', '--language', 'de'])
    assert.equal(code, 2)
    assert.match(stderr, /--language de is unknown; write en_us or zh_cn/)
  })
})

const hasScript = spawnSync('script', ['--version']).stdout?.includes('util-linux') === true

/** As a person has it: util-linux's `script` gives the process a terminal of its own. */
describe('pb-bridge init on a terminal', {
  skip: !hasScript && 'there is no script(1) of util-linux',
}, () => {
  async function onTerminal(
    cwd: string,
    type: (answer: (question: string, ...keys: string[]) => Promise<void>) => Promise<void>,
  ) {
    const command = [process.execPath, CLI, 'init', '--mcdr', mcdr].map(word => `'${word}'`).join(' ')
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 30_000,
    })
    let shown = ''
    let answered = 0
    child.stdout.setEncoding('utf8').on('data', text => {
      shown += text
    })
    const closed = once(child, 'close')
    await type(async (question, ...keys) => {
      await until(question, () => stripVTControlCharacters(shown.slice(answered)).includes(question))
      answered = shown.length
      for (const key of keys) child.stdin.write(key)
    })
    const [code] = await closed
    return { code, shown: stripVTControlCharacters(shown) }
  }

  it('asks for the service and its key, which is never shown', async t => {
    const receiver = await startReceiver()
    t.after(() => receiver.stop())
    const cwd = emptyFolder()
    const { code, shown } = await onTerminal(cwd, async answer => {
      await answer('Where shall the notifications go?', DOWN, DOWN, ENTER)
      await answer('The URL of your webhook', `${receiver.url}/hush0123456789`, ENTER)
    })
    assert.equal(code, 0, shown)
    assert.equal(receiver.requests[0]?.path, '/hush0123456789')
    assert.doesNotMatch(shown, /hush/)
    assert.deepEqual(readdirSync(cwd), ['config.json'])
  })

  it('leaves nothing behind after Ctrl-C', async () => {
    const cwd = emptyFolder()
    const { code, shown } = await onTerminal(cwd, answer =>
      answer('Where shall the notifications go?', CTRL_C),
    )
    assert.equal(code, 130)
    assert.match(shown, /Stopped\. Nothing was written\./)
    assert.equal(existsSync(join(cwd, 'config.json')), false)
    assert.deepEqual(readdirSync(cwd), [])
  })
})
