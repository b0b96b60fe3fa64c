import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  type Component,
  parseComponent,
  runsOf,
  shownText,
  textComponent,
  textOf,
} from '../../src/source/component.ts'
import { fc } from '../fake/property.ts'

const CORPUS = join(import.meta.dirname, '../fixture/corpus')

/** The limits of src/source/component.ts, written out: a change of them is a change of behaviour. */
const MAX_DEPTH = 64
const MAX_NODES = 4096
const MAX_CHARACTERS = 262_144

function parsed(raw: unknown): Component {
  const component = parseComponent(raw)
  assert.ok(component, `unreadable: ${JSON.stringify(raw)?.slice(0, 200)}`)
  return component
}

const textOfRaw = (raw: unknown) => textOf(parsed(raw))

/** Every component of a tree with how deep it stands. */
function* walk(component: Component, depth = 0): Generator<[Component, number]> {
  yield [component, depth]
  const { hover } = component
  const inner = [...component.with, ...component.children, ...(hover && hover !== 'other' ? [hover] : [])]
  for (const child of inner) yield* walk(child, depth + 1)
}

describe('the text of a component', () => {
  it('is what the recordings say, for every line of the server, in NBT and in the JSON beside it', () => {
    let lines = 0
    for (const file of globSync('*/*/chat*.jsonl', { cwd: CORPUS })) {
      for (const line of readFileSync(join(CORPUS, file), 'utf8').split('\n')) {
        if (line === '') continue
        const { kind, raw, json, plain } = JSON.parse(line)
        if (kind !== 'system_chat') continue
        assert.equal(shownText(parsed(raw)), plain, file)
        if (json !== undefined) assert.equal(shownText(parsed(JSON.stringify(json))), plain, file)
        lines += 1
      }
    }
    assert.ok(lines > 600, `only ${lines} lines`)
  })

  const texts: { [what: string]: [raw: unknown, text: string] } = {
    'a JSON string': ['"hello"', 'hello'],
    'a JSON number and a JSON truth value': ['[1,true,"x"]', '1truex'],
    'null and nothing': ['[null,{},"x"]', 'x'],
    'a JSON array': ['["a",{"text":"b"},["c"]]', 'abc'],
    'extra behind the text': ['{"text":"a","extra":["b",{"text":"c","extra":["d"]},"e"]}', 'abcde'],
    'a bare NBT string': [{ type: 'string', value: 'hello' }, 'hello'],
    'an NBT list of strings': [compound({ text: string('a'), extra: list('string', ['b', 'c']) }), 'abc'],
    'a mixed NBT list, whose strings stand under empty keys': [
      compound({
        text: string(''),
        extra: list('compound', [{ '': string('a') }, { text: string('b') }, { '': string('c') }]),
      }),
      'abc',
    ],
    'a list of lists': [
      compound({ text: string('a'), extra: list('list', [{ type: 'string', value: ['b', 'c'] }]) }),
      'abc',
    ],
    'numbers in NBT': [compound({ text: { type: 'int', value: 3 }, extra: list('byte', [1, 0]) }), '310'],
    'the admin line': [
      compound({
        translate: string('chat.type.admin'),
        with: list('compound', [{ '': string('Server') }, { translate: string('commands.save.disabled') }]),
      }),
      '[Server: Automatic saving is now disabled]',
    ],
    'too few arguments': ['{"translate":"chat.type.text","with":["Steve"]}', '<Steve> '],
    'an argument that looks like a place for one': [
      '{"translate":"chat.type.text","with":["%s","x"]}',
      '<%s> x',
    ],
    'an argument that looks like a replacement': [
      '{"translate":"chat.type.text","with":["$&","$1"]}',
      '<$&> $1',
    ],
    'an unknown key, which shows itself and its arguments': [
      '{"translate":"death.attack.mob","with":["Steve","Zombie"]}',
      'death.attack.mob Steve Zombie',
    ],
    'a name that every object has': ['{"translate":"constructor"}', 'constructor'],
    'children of a translation': ['{"translate":"disconnect.spam","extra":["!"]}', 'Kicked for spamming!'],
    'pairs of surrogates': ['"\\ud83d\\udce6 备份"', '📦 备份'],
  }
  for (const [what, [raw, text]] of Object.entries(texts)) {
    it(`is right for ${what}`, () => {
      assert.equal(textOfRaw(raw), text)
    })
  }
})

describe('the style of a component', () => {
  const click = { action: 'run_command', value: '!!pb show 1' }

  it('is one thing in all spellings', () => {
    const spellings = [
      '{"text":"#1","clickEvent":{"action":"run_command","value":"!!pb show 1"},"hoverEvent":{"action":"show_text","value":"x"}}',
      '{"text":"#1","clickEvent":{"action":"run_command","value":"!!pb show 1"},"hoverEvent":{"action":"show_text","contents":{"text":"x"}}}',
      '{"text":"#1","click_event":{"action":"run_command","command":"!!pb show 1"},"hover_event":{"action":"show_text","value":"x"}}',
      compound({
        text: string('#1'),
        clickEvent: compound({ action: string('run_command'), value: string('!!pb show 1') }),
        hoverEvent: compound({ action: string('show_text'), contents: string('x') }),
      }),
      compound({
        text: string('#1'),
        click_event: compound({ action: string('run_command'), command: string('!!pb show 1') }),
        hover_event: compound({ action: string('show_text'), value: compound({ text: string('x') }) }),
      }),
    ]
    for (const raw of spellings)
      assert.deepEqual(runsOf(parsed(raw)), [
        { text: '#1', click, hover: textComponent('x'), color: undefined },
      ])
    assert.deepEqual(parsed('{"text":"a","click_event":{"action":"open_url","url":"https://a"}}').click, {
      action: 'open_url',
      value: 'https://a',
    })
  })

  it('notes a hover of another kind, and nothing of what it shows', () => {
    const raw = '{"text":"a","hoverEvent":{"action":"show_entity","contents":{"id":"x","name":"[PB]"}}}'
    assert.equal(parsed(raw).hover, 'other')
  })

  it('is inherited by children, until they have their own', () => {
    const raw =
      '{"text":"a","color":"gold","clickEvent":{"action":"run_command","value":"!!pb show 1"},"extra":["b",{"text":"c","color":"red"}]}'
    const runs = runsOf(parsed(raw)).map(run => [run.text, run.color, run.click])
    assert.deepEqual(runs, [
      ['a', 'gold', click],
      ['b', 'gold', click],
      ['c', 'red', click],
    ])
  })

  it('is not taken from the prototype of an object', () => {
    const raw = '{"__proto__":{"text":"x","color":"red"},"constructor":{"text":"y"}}'
    assert.deepEqual(parsed(raw), textComponent(''))
    const nbt = compound(
      JSON.parse(
        '{"__proto__":{"type":"compound","value":{"color":{"type":"string","value":"red"}}},"text":{"type":"string","value":"a"}}',
      ),
    )
    assert.deepEqual(parsed(nbt), textComponent('a'))
  })
})

describe('what is no component', () => {
  for (const raw of ['', 'hello', '{"text":', undefined, null, 3, true, Symbol('x'), ['a'], () => {}])
    it(`is nothing: ${String(raw) || 'the empty text'}`, () => {
      assert.equal(parseComponent(raw), undefined)
    })
})

describe('the limits', () => {
  const nested = (depth: number) => `${'{"text":"","extra":['.repeat(depth)}"x"${']}'.repeat(depth)}`
  const wide = (nodes: number) => JSON.stringify(Array.from({ length: nodes - 1 }, () => 'x'))

  it('are 64 deep', () => {
    assert.equal(textOfRaw(nested(MAX_DEPTH)), 'x')
    assert.equal(parseComponent(nested(MAX_DEPTH + 1)), undefined)
    assert.equal(parseComponent(nested(10_000)), undefined)
    let nbt: object = string('x')
    for (let depth = 0; depth < 5_000; depth++)
      nbt = compound({ text: string(''), with: list('compound', []), '': nbt })
    assert.equal(parseComponent(nbt), undefined)
  })

  it('are 4,096 pieces', () => {
    assert.equal(textOfRaw(wide(MAX_NODES)).length, MAX_NODES - 1)
    assert.equal(parseComponent(wide(MAX_NODES + 1)), undefined)
    const million = Array.from({ length: 1_000_000 }, () => ({}))
    assert.equal(parseComponent(compound({ extra: list('compound', million) })), undefined)
  })

  it('are 262,144 characters, of JSON and of all the texts of NBT', () => {
    const json = (length: number) => JSON.stringify('x'.repeat(length - 2))
    assert.equal(textOfRaw(json(MAX_CHARACTERS)).length, MAX_CHARACTERS - 2)
    assert.equal(parseComponent(json(MAX_CHARACTERS + 1)), undefined)
    const nbt = (length: number) => compound({ text: string('x'.repeat(length - 4)), color: string('gold') })
    assert.equal(textOfRaw(nbt(MAX_CHARACTERS)).length, MAX_CHARACTERS - 4)
    assert.equal(parseComponent(nbt(MAX_CHARACTERS + 1)), undefined)
    const pieces = Array.from({ length: 1000 }, () => '📦'.repeat(30_000))
    assert.equal(parseComponent(compound({ extra: list('string', pieces) })), undefined)
  })

  it('hold for the text of translations within translations', () => {
    let raw = '"x"'
    for (let depth = 0; depth < 30; depth++)
      raw = `{"translate":"a","with":[${raw},${raw.length < 60_000 ? raw : '1'}]}`
    const component = parseComponent(raw)
    if (component) assert.ok(textOf(component).length < 4 * MAX_CHARACTERS)
  })
})

describe('any input at all', () => {
  const { json } = fc.letrec<{ json: unknown }>(tie => ({
    json: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double()),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(
        fc.oneof(
          fc.constantFrom(
            ...['text', 'extra', 'with', 'translate', 'color', 'insertion', 'hover_event', 'hoverEvent'],
            ...['click_event', 'clickEvent', 'action', 'value', 'contents', 'command', 'url', 'type', ''],
            ...['__proto__', 'constructor', 'toString'],
          ),
          fc.string(),
        ),
        fc.oneof(tie('json'), fc.constantFrom('show_text', 'chat.type.text', 'compound', 'list', 'string')),
        { maxKeys: 6 },
      ),
    ),
  }))

  function check(raw: unknown) {
    const component = parseComponent(raw)
    if (component === undefined) return
    let nodes = 0
    for (const [part, depth] of walk(component)) {
      nodes += 1
      assert.ok(depth <= MAX_DEPTH)
      assert.equal(typeof part.text, 'string')
      if (part.click) assert.ok(typeof part.click.action === 'string' && typeof part.click.value === 'string')
    }
    assert.ok(nodes <= MAX_NODES)
    assert.equal(
      textOf(component),
      runsOf(component)
        .map(run => run.text)
        .join(''),
    )
    assert.ok(runsOf(component).every(run => run.text !== ''))
  }

  it('is never thrown at, as JSON', () => {
    fc.assert(
      fc.property(json, value => check(JSON.stringify(value))),
      { numRuns: 1000 },
    )
  })

  it('is never thrown at, as text that is hardly JSON', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,\\ue1 \ud83d') }), check), {
      numRuns: 500,
    })
  })

  it('is never thrown at, as NBT, right or wrong', () => {
    fc.assert(fc.property(fc.oneof(json, json.map(nbtOf)), check), { numRuns: 1000 })
  })

  it('reads as NBT what it reads as JSON', () => {
    const text = fc.record({ text: fc.string() })
    const { node } = fc.letrec<{ node: unknown }>(tie => {
      const inner = fc.array(fc.oneof({ maxDepth: 3 }, text, tie('node')), { minLength: 1, maxLength: 3 })
      const style = {
        color: fc.constantFrom('gold', 'red'),
        translate: fc.constantFrom('chat.type.text', 'x'),
      }
      return {
        node: fc.record(
          { text: fc.string(), ...style, extra: inner, with: inner },
          { requiredKeys: ['text'] },
        ),
      }
    })
    fc.assert(
      fc.property(node, value => {
        assert.deepEqual(parseComponent(nbtOf(value)), parseComponent(JSON.stringify(value)))
      }),
      { numRuns: 500 },
    )
  })

  it('of any length is dealt with in no time', () => {
    const large = [
      `${'['.repeat(130_000)}${']'.repeat(130_000)}`,
      '['.repeat(262_144),
      '"'.padEnd(10 * 2 ** 20, 'x'),
      compound({ text: string('x'.repeat(10 * 2 ** 20)) }),
      compound(Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, string('')]))),
    ]
    const begun = performance.now()
    for (const raw of large) check(raw)
    assert.ok(performance.now() - begun < 10_000)
  })
})

type Node = { type: string; value: unknown }

function string(value: string): Node {
  return { type: 'string', value }
}

function compound(value: { [key: string]: unknown }): Node {
  return { type: 'compound', value }
}

function list(type: string, value: unknown[]): Node {
  return { type: 'list', value: { type, value } }
}

/** Plain values as the protocol library's NBT. */
function nbtOf(value: unknown): Node {
  if (typeof value === 'string') return string(value)
  if (typeof value === 'number') return { type: 'double', value }
  if (typeof value === 'boolean') return { type: 'byte', value: value ? 1 : 0 }
  if (value === null || value === undefined) return { type: 'end', value: undefined }
  if (Array.isArray(value)) {
    const nodes = value.map(nbtOf)
    const [first] = nodes
    if (first && nodes.every(node => node.type === first.type))
      return list(
        first.type,
        nodes.map(node => node.value),
      )
    return list(
      'compound',
      nodes.map(node => (node.type === 'compound' ? node.value : { '': node })),
    )
  }
  return compound(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, nbtOf(inner)])))
}
