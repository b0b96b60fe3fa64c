import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { commandsSchema } from '../../src/command/permission.ts'
import { createRoster, rosterKeys } from '../../src/command/roster.ts'
import { fakeLog } from '../fake/log.ts'
import { fc } from '../fake/property.ts'

const STEVE = { uuid: '069a79f4-44e9-4726-a5be-fca90e38aaf5', name: 'Steve' }
const ALEX = { uuid: 'ec561538-f3fd-461d-aff5-086b22154bce', name: 'Alex' }
const EVE = { uuid: '00000000-0000-4000-8000-00000000000e', name: 'Eve' }

/** As MCDReforged writes it. */
const PERMISSIONS = `# The default permission level a player will get
default_level: user
# Owner: 4, Admin: 3, Helper: 2, User: 1, Guest: 0
owner:
- Steve
admin:
- Alex
- Steve
helper:
-${' '}
user:
- Notch
- '12345'
guest:
`

const root = mkdtempSync(join(tmpdir(), 'pb-roster-'))
after(() => rmSync(root, { recursive: true, force: true }))

function write(text: string, name = 'permission.yml'): string {
  const file = join(mkdtempSync(join(root, 'file-')), name)
  writeFileSync(file, text)
  return file
}

function writeOps(ops: unknown): string {
  return write(JSON.stringify(ops), 'ops.json')
}

function open(commands: object) {
  const log = fakeLog()
  return { ...createRoster(commandsSchema.parse(commands), { log }), log, said: () => log.lines.splice(0) }
}

/** Who of so many names may, at each level from 0 to 4. */
function allowedByLevel(text: string, names: string[]): string[] {
  const mcdrPermissions = write(text)
  return [0, 1, 2, 3, 4].map(level => {
    const { allows, log } = open({ mcdrPermissions, level })
    const allowed = names.filter(name => allows({ name }))
    assert.deepEqual(log.said(), [])
    return allowed.join(' ')
  })
}

describe('the roster', () => {
  it('is commands.operators where no file is named', () => {
    const { allows } = open({ operators: ['Steve', ALEX.uuid] })
    for (const player of [STEVE, { name: 'Steve' }, ALEX, { ...ALEX, name: 'Other' }])
      assert.equal(allows(player), true)
    for (const player of [EVE, { name: 'Alex' }, { name: 'steve' }, {}]) assert.equal(allows(player), false)
    assert.equal(open({}).allows(STEVE), false)
  })

  it('takes null for a file that is not named', () => {
    const { allows, log } = open({ operators: ['Steve'], mcdrPermissions: null, opsJson: null })
    assert.equal(allows(STEVE), true)
    assert.equal(allows(EVE), false)
    assert.deepEqual(log.said(), [])
  })

  it('is whoever one of the three names', () => {
    const { allows } = open({
      operators: ['Eve'],
      mcdrPermissions: write(PERMISSIONS),
      opsJson: writeOps([{ ...ALEX, level: 4, bypassesPlayerLimit: false }]),
    })
    for (const player of [EVE, STEVE, ALEX]) assert.equal(allows(player), true)
    assert.equal(allows({ name: 'Notch' }), false)
  })

  it('says for people which keys it goes by', () => {
    const keys = (commands: object) => rosterKeys(commandsSchema.parse(commands))
    assert.equal(keys({}), 'commands.operators')
    assert.equal(
      keys({ mcdrPermissions: 'p.yml', level: 3, opsJson: 'ops.json' }),
      'commands.operators, commands.mcdrPermissions (level 3), commands.opsJson',
    )
  })
})

describe('MCDReforged’s permission.yml', () => {
  const names = ['Steve', 'Alex', 'Notch', '12345', 'Nobody']

  it('gives the level of the highest list that has the name, else the default', () => {
    assert.deepEqual(allowedByLevel(PERMISSIONS, names), [
      'Steve Alex Notch 12345 Nobody',
      'Steve Alex Notch 12345 Nobody',
      'Steve Alex',
      'Steve Alex',
      'Steve',
    ])
  })

  it('asks for level 4 where the config says nothing', () => {
    const { allows } = open({ mcdrPermissions: write(PERMISSIONS) })
    assert.equal(allows(STEVE), true)
    assert.equal(allows(ALEX), false)
  })

  it('takes the default as a name, a number or a number as text, and a list for what it says', () => {
    for (const value of ['owner', '4', "'4'"]) {
      const text = `default_level: ${value}\nguest: [Steve]\nhelper: [Alex]\n`
      const rest = 'Notch 12345 Nobody'
      const low = `Alex ${rest}`
      assert.deepEqual(allowedByLevel(text, names), [`Steve ${low}`, low, low, rest, rest])
    }
    assert.deepEqual(allowedByLevel('owner: [Steve]', names), [
      names.join(' '),
      names.join(' '),
      'Steve',
      'Steve',
      'Steve',
    ])
  })

  it('compares names letter by letter, and a number is no name', () => {
    const { allows } = open({ mcdrPermissions: write('owner: [Steve, 12345, ~, {a: b}, [Alex]]') })
    assert.equal(allows({ name: 'Steve' }), true)
    for (const name of ['steve', 'STEVE', 'Stev', '12345', 'null', 'a', 'Alex', ''])
      assert.equal(allows({ name }), false, name)
    assert.equal(allows({ uuid: STEVE.uuid }), false)
  })

  it('knows no level for a player without a name but the default', () => {
    assert.equal(open({ mcdrPermissions: write(PERMISSIONS) }).allows({ uuid: STEVE.uuid }), false)
    assert.equal(open({ mcdrPermissions: write(PERMISSIONS), level: 1 }).allows({ uuid: STEVE.uuid }), true)
  })

  it('has no names from JavaScript in it', () => {
    const { allows } = open({ mcdrPermissions: write('owner: []\n__proto__: {owner: [Eve]}\n') })
    for (const name of ['constructor', 'toString', '__proto__', 'Eve'])
      assert.equal(allows({ name }), false, name)
  })
})

describe('ops.json', () => {
  const ops = [
    { uuid: STEVE.uuid, name: 'Steve', level: 4, bypassesPlayerLimit: false },
    { uuid: ALEX.uuid.toUpperCase().replaceAll('-', ''), name: 'Alex', level: 1 },
  ]

  it('allows each of its players, by UUID where chat tells it, else by name', () => {
    const { allows } = open({ opsJson: writeOps(ops) })
    for (const player of [STEVE, ALEX, { ...STEVE, name: 'Renamed' }, { uuid: ALEX.uuid }, { name: 'Alex' }])
      assert.equal(allows(player), true, JSON.stringify(player))
    for (const player of [EVE, { ...EVE, name: 'Steve' }, { name: 'steve' }, { name: 'Eve' }, {}])
      assert.equal(allows(player), false, JSON.stringify(player))
  })

  it('without a name or a UUID does not allow who has none', () => {
    const { allows } = open({ opsJson: writeOps([{ level: 4 }, { name: 'Steve' }]) })
    assert.equal(allows({}), false)
    assert.equal(allows(STEVE), false)
    assert.equal(allows({ name: 'Steve' }), true)
  })

  it('is read with a byte order mark too', () => {
    assert.equal(open({ opsJson: write(`\uFEFF${JSON.stringify(ops)}`) }).allows(STEVE), true)
  })
})

describe('a file that changes', () => {
  it('counts from the next question on, however it was changed', () => {
    const file = write('owner: [Steve]\n')
    const { allows, log } = open({ mcdrPermissions: file })
    assert.equal(allows(STEVE), true)
    writeFileSync(file, 'owner: [Steve, Alex]\n')
    assert.equal(allows(ALEX), true)
    writeFileSync(`${file}.new`, 'owner: [Eve]\n')
    renameSync(`${file}.new`, file)
    assert.equal(allows(STEVE), false)
    assert.equal(allows(EVE), true)
    // The same size, as of another second.
    writeFileSync(file, 'owner: [Bob]\n')
    utimesSync(file, 1_700_000_000, 1_700_000_000)
    assert.equal(allows(EVE), false)
    assert.equal(allows({ name: 'Bob' }), true)
    assert.deepEqual(log.said(), [])
  })

  it('is not read again while it has not changed', () => {
    const file = write('owner: [Steve]\n')
    const { allows } = open({ mcdrPermissions: file })
    for (let count = 0; count < 3; count++) assert.equal(allows(STEVE), true)
    if (process.geteuid?.() !== 0) return
    // Root may read everything: as somebody else, reading would fail.
    chmodSync(root, 0o711)
    chmodSync(join(file, '..'), 0o711)
    chmodSync(file, 0o600)
    const other = open({ mcdrPermissions: file })
    assert.equal(other.allows(STEVE), true)
    process.seteuid?.(65_534)
    try {
      assert.equal(other.allows(STEVE), true)
      assert.deepEqual(other.log.said(), [])
    } finally {
      process.seteuid?.(0)
    }
  })
})

/** What can be wrong with each of the two, and what is said of it after the path. */
const FAULTS: {
  key: 'mcdrPermissions' | 'opsJson'
  what: string
  spoil(file: string): void
  said: RegExp
}[] = [
  {
    key: 'mcdrPermissions',
    what: 'gone',
    spoil: file => rmSync(file),
    said: /^is not there: correct the path in the config$/,
  },
  {
    key: 'mcdrPermissions',
    what: 'a folder',
    spoil: file => {
      rmSync(file)
      mkdirSync(file)
    },
    said: /^is a folder or no regular file: name the file in it$/,
  },
  {
    key: 'mcdrPermissions',
    what: 'huge',
    spoil: file => truncateSync(file, 5_000_000),
    said: /^is too large to be such a file: correct the path/,
  },
  {
    key: 'mcdrPermissions',
    what: 'empty, as while it is written',
    spoil: file => writeFileSync(file, ''),
    said: /^has no lists of players \(owner, .*\): correct the file$/,
  },
  {
    key: 'mcdrPermissions',
    what: 'no YAML',
    spoil: file => writeFileSync(file, 'owner: [Steve\nadmin: - x: ]:'),
    said: /^is no YAML \(.+ at line \d+, column \d+\): correct the file$/,
  },
  {
    key: 'mcdrPermissions',
    what: 'a bomb of aliases',
    spoil: file =>
      writeFileSync(
        file,
        `a: &a [${'x,'.repeat(20)}]\n${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(20)}]\n`).join('')}owner: *i\n`,
      ),
    said: /^is no YAML \(.*alias.*\): correct the file$/,
  },
  {
    key: 'mcdrPermissions',
    what: 'a name for a list',
    spoil: file => writeFileSync(file, 'owner: Steve'),
    said: /^has no list of names at "owner": correct the file$/,
  },
  {
    key: 'mcdrPermissions',
    what: 'with an unknown default',
    spoil: file => writeFileSync(file, 'default_level: king\nowner: [Eve]'),
    said: /^has no level at "default_level" \("king"\): correct the file$/,
  },
  { key: 'opsJson', what: 'gone', spoil: file => rmSync(file), said: /^is not there/ },
  {
    key: 'opsJson',
    what: 'cut off, as while it is written',
    spoil: file => writeFileSync(file, '[{"uuid":'),
    said: /^is no JSON \(.+\): correct the file$/,
  },
  {
    key: 'opsJson',
    what: 'another JSON',
    spoil: file => writeFileSync(file, '{"Steve": 4}'),
    said: /^is no list of operators, such as the game writes: correct the file$/,
  },
]

describe('a file that becomes unreadable', () => {
  for (const { key, what, spoil, said } of FAULTS) {
    it(`keeps its last good state, and is one line of the log: ${key} ${what}`, () => {
      const good = key === 'opsJson' ? JSON.stringify([STEVE]) : 'owner: [Steve]\n'
      const file = write(good)
      const roster = open({ [key]: file })
      assert.equal(roster.allows(STEVE), true)
      spoil(file)
      for (let count = 0; count < 3; count++) {
        assert.equal(roster.allows(STEVE), true)
        assert.equal(roster.allows(EVE), false)
      }
      const lines = roster.said()
      assert.equal(lines.length, 1)
      assert.equal(lines[0]?.level, 'warn')
      const message = lines[0]?.message ?? ''
      const end = '; until then what it said before holds'
      assert.ok(message.startsWith(`${file} `) && message.endsWith(end), message)
      assert.match(message.slice(file.length + 1, -end.length), said)
      assert.ok(!message.includes('\n'))

      rmSync(file, { recursive: true, force: true })
      writeFileSync(file, good.replace('Steve', 'Steve2'))
      assert.equal(roster.allows({ name: 'Steve2' }), true)
      assert.deepEqual(
        roster.said().map(({ level, message }) => [level, message]),
        [['info', `${file} is read again`]],
      )
    })

    it(`allows nobody where it never was better: ${key} ${what}`, () => {
      const file = write('')
      spoil(file)
      const { allows, log } = open({ operators: ['Alex'], [key]: file })
      for (const player of [STEVE, EVE, {}]) assert.equal(allows(player), false)
      assert.equal(allows(ALEX), true)
      assert.equal(log.said().length, 1)
      assert.ok(log.said()[0]?.endsWith('; until then it allows nobody'))
    })
  }

  it('is said anew when it is wrong in another way', () => {
    const file = write('owner: [Steve]\n')
    const { allows, log } = open({ mcdrPermissions: file })
    allows(STEVE)
    rmSync(file)
    allows(STEVE)
    writeFileSync(file, 'owner: Steve')
    allows(STEVE)
    allows(STEVE)
    assert.equal(log.said().length, 2)
  })

  it('never throws, whatever it holds', () => {
    const file = write('')
    const { allows } = open({ mcdrPermissions: file, opsJson: file, level: 4 })
    const near = fc
      .array(
        fc.constantFrom(
          'owner',
          'default_level',
          ':',
          ' ',
          '\n',
          '- ',
          '&a',
          '*a',
          '[',
          ']',
          '{',
          '"',
          '!!x',
          '|',
        ),
        { maxLength: 30 },
      )
      .map(parts => parts.join(''))
    let index = 0
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: 'binary' }), fc.json()), text => {
        writeFileSync(file, text)
        utimesSync(file, ++index, index)
        assert.equal(allows({ name: 'Nobody at all' }), false)
      }),
      { numRuns: 500 },
    )
  })
})

it('the level and the paths of the config are checked', () => {
  for (const bad of [{ level: 5 }, { level: -1 }, { level: 2.5 }, { mcdrPermissions: '' }, { opsJson: 7 }])
    assert.equal(commandsSchema.safeParse(bad).success, false, JSON.stringify(bad))
})
