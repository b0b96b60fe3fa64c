import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CHAT_PACKETS, type ChatMessage, type ChatPacketName, readChatPacket } from '../../src/source/chat.ts'
import { textComponent } from '../../src/source/component.ts'
import { fc } from '../fake/property.ts'

const CORPUS = join(import.meta.dirname, '../fixture/corpus')
const UUID = '5627DD98-e6be-3c21-b8a8-e92344183641'
const nobody = '00000000-0000-0000-0000-000000000000'

const nbt = (text: string) => ({ type: 'compound', value: { text: { type: 'string', value: text } } })
const named = (shown: string, insertion: string) => ({
  type: 'compound',
  value: { text: { type: 'string', value: shown }, insertion: { type: 'string', value: insertion } },
})

/** A message without its component. */
function read(
  name: ChatPacketName,
  packet: Record<string, unknown>,
): Omit<ChatMessage, 'component'> | undefined {
  const message = readChatPacket(name, packet)
  if (!message) return undefined
  const { component, ...rest } = message
  assert.ok(component)
  return rest
}

describe('the lines of the recordings', () => {
  it('of players have their sender and what was typed, in every version recorded', () => {
    const spelt = new Set<string>()
    let lines = 0
    for (const file of globSync('*/*/chat*.jsonl', { cwd: CORPUS })) {
      for (const line of readFileSync(join(CORPUS, file), 'utf8').split('\n')) {
        if (line === '') continue
        const { kind, raw, plain, sender } = JSON.parse(line)
        if (kind !== 'player_chat') continue
        const message = read('player_chat', raw)
        assert.deepEqual(
          message,
          {
            kind: 'player',
            sender: { uuid: raw.senderUuid, name: sender },
            text: plain,
            typed: plain.slice(`<${sender}> `.length),
          },
          file,
        )
        lines += 1
        spelt.add(
          typeof raw.networkName === 'string'
            ? 'json'
            : 'click_event' in raw.networkName.value
              ? 'new'
              : 'old',
        )
      }
    }
    assert.ok(lines > 200, `only ${lines} lines`)
    assert.deepEqual([...spelt].sort(), ['json', 'new', 'old'])
  })
})

describe('a line of the server', () => {
  const system = { kind: 'system', text: '[PB] hello' }
  const forms: { [what: string]: [ChatPacketName, Record<string, unknown>] } = {
    '1.12.2': ['chat', { message: '{"text":"[PB] hello"}', position: 1 }],
    '1.16 to 1.18': ['chat', { message: '{"text":"[PB] hello"}', position: 1, sender: nobody }],
    '1.19': ['system_chat', { content: '{"text":"[PB] hello"}', type: 1 }],
    '1.19.1 to 1.20.2': ['system_chat', { content: '{"text":"[PB] hello"}', isActionBar: false }],
    '1.20.3 and later': ['system_chat', { content: nbt('[PB] hello'), isActionBar: false }],
  }
  for (const [version, [name, packet]] of Object.entries(forms))
    it(`is read in the form of ${version}`, () => {
      assert.deepEqual(read(name, packet), system)
    })

  it('is shown without the codes of style in its text', () => {
    assert.equal(read('system_chat', { content: nbt('§a<§lSteve§r> hi §') })?.text, '<Steve> hi §')
  })

  it('above the hot bar is no chat', () => {
    assert.equal(read('chat', { message: '"x"', position: 2 }), undefined)
    assert.equal(read('system_chat', { content: '"x"', type: 2 }), undefined)
    assert.equal(read('system_chat', { content: nbt('x'), isActionBar: true }), undefined)
  })
})

describe('a line of a player', () => {
  const forms: { [what: string]: [ChatPacketName, Record<string, unknown>, uuid: boolean] } = {
    '1.12.2': [
      'chat',
      {
        message: '{"translate":"chat.type.text","with":[{"text":"Steve","insertion":"Steve"},"!!pb make"]}',
        position: 0,
      },
      false,
    ],
    '1.16 to 1.18': [
      'chat',
      {
        message: '{"translate":"chat.type.text","with":[{"text":"Steve"},{"text":"!!pb make"}]}',
        position: 0,
        sender: UUID,
      },
      true,
    ],
    '1.19': [
      'player_chat',
      {
        signedChatContent: '{"text":"!!pb make"}',
        senderUuid: UUID,
        senderName: '{"text":"Steve"}',
        type: 0,
      },
      true,
    ],
    '1.19.1 to 1.20.2': [
      'player_chat',
      { plainMessage: '!!pb make', senderUuid: UUID, networkName: '{"text":"Steve"}', type: 0 },
      true,
    ],
    '1.20.3 to 1.20.6': [
      'player_chat',
      { plainMessage: '!!pb make', senderUuid: UUID, networkName: nbt('Steve'), type: 0 },
      true,
    ],
    '1.21 and later': [
      'player_chat',
      {
        globalIndex: 3,
        plainMessage: '!!pb make',
        senderUuid: UUID,
        networkName: nbt('Steve'),
        type: { chatType: 0 },
      },
      true,
    ],
  }
  for (const [version, [name, packet, uuid]] of Object.entries(forms))
    it(`is read in the form of ${version}`, () => {
      assert.deepEqual(read(name, packet), {
        kind: 'player',
        text: '<Steve> !!pb make',
        typed: '!!pb make',
        sender: { ...(uuid && { uuid: UUID.toLowerCase() }), name: 'Steve' },
      })
    })

  it('is what was typed, whatever the server or a plugin shows instead', () => {
    const decorated = {
      plainMessage: '!!pb make',
      unsignedChatContent: nbt('[PB] Creating backup, please wait'),
    }
    const message = read('player_chat', { ...decorated, senderUuid: UUID, networkName: nbt('Steve') })
    assert.equal(message?.typed, '!!pb make')
    assert.equal(message?.kind, 'player')
  })

  it('is from the account’s name, where the shown one is decorated', () => {
    const name = (networkName: unknown) =>
      read('player_chat', { plainMessage: 'x', networkName })?.sender?.name
    assert.equal(name(named('[VIP] Steve', 'Steve')), 'Steve')
    assert.equal(name(nbt('Steve')), 'Steve')
    assert.equal(name(undefined), undefined)
  })

  it('in a plugin’s own format, or by /say, is no typed line', () => {
    const say = '{"translate":"chat.type.announcement","with":["Steve","!!pb make"]}'
    for (const message of ['"<Steve> !!pb make"', say, '{"translate":"chat.type.text","with":["Steve"]}']) {
      const found = read('chat', { message, position: 0, sender: UUID })
      assert.equal(found?.kind, 'disguised')
      assert.equal(found?.typed, undefined)
    }
    for (const [message, name] of [
      [nbt('!!pb make'), nbt('Steve')],
      ['"!!pb make"', '"Steve"'],
    ])
      assert.deepEqual(read('profileless_chat', { message, name, type: 0 }), {
        kind: 'disguised',
        text: '!!pb make',
        sender: { name: 'Steve' },
      })
  })

  it('as a whisper, by /say, /me or to a team is no line of chat from 1.19 on, but has what was typed', () => {
    const kindOf = (type: unknown) =>
      read('player_chat', { plainMessage: '!!pb make', senderUuid: UUID, networkName: nbt('Steve'), type })
    for (const index of [1, 2, 3, 4, 5, 6]) {
      for (const type of [index, { chatType: index }])
        assert.deepEqual(kindOf(type), {
          kind: 'disguised',
          text: '<Steve> !!pb make',
          typed: '!!pb make',
          sender: { uuid: UUID.toLowerCase(), name: 'Steve' },
        })
    }
    for (const type of [0, 7, { chatType: 0 }, { chatType: 9 }, undefined, { data: {} }])
      assert.equal(kindOf(type)?.kind, 'player')
  })

  it('without anything to read is nothing', () => {
    assert.equal(read('player_chat', { senderUuid: UUID }), undefined)
    assert.equal(read('player_chat', { plainMessage: 3, senderUuid: UUID }), undefined)
    assert.equal(read('system_chat', { content: '{"text":' }), undefined)
    assert.equal(read('profileless_chat', { name: nbt('Steve') }), undefined)
  })
})

it('nothing that a packet may hold is thrown at', () => {
  const field = fc.oneof(
    fc.string(),
    fc.jsonValue(),
    fc.jsonValue().map(value => JSON.stringify(value)),
    fc.constantFrom(undefined, UUID, nbt('x'), { type: 'compound', value: null }, { type: 'list', value: 3 }),
  )
  const fields = ['message', 'position', 'content', 'isActionBar', 'type', 'plainMessage', 'senderUuid']
  const more = ['signedChatContent', 'unsignedChatContent', 'senderName', 'networkName', 'name', 'sender']
  const packet = fc.dictionary(fc.constantFrom(...fields, ...more), field)
  fc.assert(
    fc.property(fc.constantFrom(...CHAT_PACKETS), packet, (name, params) => {
      const message = readChatPacket(name, params)
      if (message === undefined) return
      assert.equal(typeof message.text, 'string')
      if (message.kind === 'player') assert.equal(typeof message.typed, 'string')
      if (message.kind === 'system') assert.equal(message.typed, undefined)
      if (message.sender?.uuid !== undefined) assert.match(message.sender.uuid, /^[0-9a-f-]{32,36}$/)
    }),
    { numRuns: 2000 },
  )
})

it('a plain text is a component of its own', () => {
  assert.deepEqual(textComponent('x'), { text: 'x', with: [], children: [] })
})
