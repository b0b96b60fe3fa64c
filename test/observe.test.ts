import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isShutdownReason, observeChat, readCommand } from '../src/observe.ts'
import { parseMessage } from '../src/primebackup/messages.ts'
import { type ChatPacketName, readChatPacket } from '../src/source/chat.ts'
import { parseComponent } from '../src/source/component.ts'
import { fc } from './fake/property.ts'

const RULES = { prefix: '!!pb', chatPatterns: [] }
const PREFIX = {
  text: '',
  extra: [
    { text: '[PB]', color: 'dark_aqua', hoverEvent: { action: 'show_text', contents: 'Prime Backup' } },
    { text: ' ' },
  ],
}
const COMPLETED = 'Backup completed, ID #12, cost 0.24s, total 1.83MiB (+377.95KiB)'

function system(component: unknown) {
  const message = readChatPacket('system_chat', { content: JSON.stringify(component) })
  assert.ok(message)
  return observeChat(message, RULES, 0)
}

/** Lines that would mean something if they were Prime Backup's or the server's. */
const LINES = [
  'Creating backup, please wait',
  '创建备份中...请稍等',
  COMPLETED,
  '备份完成, ID #12, 耗时0.24s, 体积1.83MiB (+377.95KiB)',
  'Task create backup aborted',
  'Schedule backup completed with error, next execution at 2026-11-25 00:27:20',
  '!!! 5 second later, the world will be restored to backup #1: c',
  'Automatic saving is now enabled',
  'Stopping the server',
]
const DECORATIONS = [
  '',
  '[PB] ',
  '[Server] [PB] ',
  '[Server: ',
  '§3[PB]§r ',
  '<PB> ',
  '[prime_backup]: [PB] ',
]

test('a line of Prime Backup is read only behind its own prefix part', () => {
  assert.equal(system({ text: '', extra: [PREFIX, { text: COMPLETED }] })?.type, 'backup_completed')
  const impostors: unknown[] = [
    `[PB] ${COMPLETED}`,
    { text: `[PB] ${COMPLETED}` },
    { text: '', extra: [{ text: '[PB] ', color: 'dark_aqua' }, COMPLETED] },
    { text: '', extra: [{ ...PREFIX, extra: [{ ...PREFIX.extra[0], color: 'aqua' }, ' '] }, COMPLETED] },
    {
      text: '',
      extra: [
        { text: '[PB]', color: 'dark_aqua', hoverEvent: { action: 'show_text', contents: 'Prime  Backup' } },
        ` ${COMPLETED}`,
      ],
    },
    { text: '', extra: ['Alex: ', PREFIX, COMPLETED] },
    { text: '', extra: [PREFIX, `${COMPLETED} `] },
    { text: '', extra: [PREFIX, `x ${COMPLETED}`] },
    { translate: 'chat.type.announcement', with: ['Server', `[PB] ${COMPLETED}`] },
  ]
  for (const impostor of impostors) assert.equal(system(impostor), undefined, JSON.stringify(impostor))
})

test('the id of the click must be that of the text', () => {
  const completed = (clicked: number) => [
    'Backup completed, ID ',
    { text: '#12', color: 'gold', clickEvent: { action: 'run_command', value: `!!pb show ${clicked}` } },
    ', cost 0.24s, total 1.83MiB (+377.95KiB)',
  ]
  const fact = system({ text: '', extra: [PREFIX, ...completed(12)] })
  assert.ok(fact?.type === 'backup_completed')
  assert.equal(fact.backup.id, 12)
  assert.equal(system({ text: '', extra: [PREFIX, ...completed(13)] }), undefined)
})

test("a player's reload of MCDReforged's plugins is a hint that the schedule begins anew", () => {
  const typed = (text: string) => {
    const message = readChatPacket('player_chat', {
      senderUuid: '069a79f4-44e9-4726-a5be-fca90e38aaf5',
      networkName: JSON.stringify({ text: 'Steve' }),
      plainMessage: text,
      type: 0,
    })
    assert.equal(message?.kind, 'player')
    return message && observeChat(message, RULES, 0)
  }
  for (const text of [
    '!!MCDR reload',
    '!!MCDR plg reload prime_backup',
    '!!MCDR r plg',
    '!!MCDR plugin load x',
  ])
    assert.deepEqual(typed(text), { type: 'reload_asked' }, text)
  for (const text of ['!!MCDR', '!!MCDR status', 'say !!MCDR reload', '!!MCDRreload'])
    assert.equal(typed(text), undefined, text)
})

test('sizes come from the hovers of the completed line, in bytes', () => {
  const fact = system({
    text: '',
    extra: [
      PREFIX,
      'Backup completed, ID #1, cost 0.24s, total ',
      {
        text: '1.83MiB',
        hoverEvent: { action: 'show_text', contents: 'Stored size: 377.95KiB (20.2%)\nRaw size: 1.83MiB' },
      },
      ' (+',
      {
        text: '377.95KiB',
        hover_event: {
          action: 'show_text',
          value:
            'Total blobs: 52 (1.83MiB / 377.95KiB, disk touched 1B)\nDirect blobs: 51 (1B / 1B)\nChunks: 0 (0.00B / 0.00B)',
        },
      },
      ')',
    ],
  })
  assert.ok(fact?.type === 'backup_completed')
  assert.deepEqual(fact.backup, { id: 1, rawBytes: 1_918_894, storedBytes: 387_021 })
  assert.deepEqual(fact.newBlobs, { count: 52, rawBytes: 1_918_894, storedBytes: 387_021 })
})

test('nothing that a player types, in any packet of any version, becomes more than a command', () => {
  const typed = fc.oneof(
    fc.tuple(fc.constantFrom(...DECORATIONS), fc.constantFrom(...LINES)).map(parts => parts.join('')),
    fc.string(),
    fc.constantFrom(JSON.stringify({ text: '', extra: [PREFIX, COMPLETED] }), '!!pb make x', '!!pb'),
  )
  const packets: ((text: string) => [ChatPacketName, Record<string, unknown>])[] = [
    text => [
      'chat',
      {
        position: 0,
        sender: '5627dd98-e6be-3c21-b8a8-e92344183641',
        message: JSON.stringify({ translate: 'chat.type.text', with: ['Alex', text] }),
      },
    ],
    // A plugin's chat format, before 1.19.
    text => ['chat', { position: 1, message: JSON.stringify({ text: '', extra: ['<Alex> ', text] }) }],
    text => ['chat', { position: 0, message: JSON.stringify({ text }) }],
    text => [
      'player_chat',
      { senderUuid: '5627dd98-e6be-3c21-b8a8-e92344183641', plainMessage: text, networkName: '"Alex"' },
    ],
    text => [
      'player_chat',
      {
        senderUuid: '5627dd98-e6be-3c21-b8a8-e92344183641',
        signedChatContent: JSON.stringify({ text }),
        senderName: '"Alex"',
      },
    ],
    // `/say` and `/me`.
    text => ['profileless_chat', { message: JSON.stringify({ text }), name: '"Alex"' }],
    text => [
      'system_chat',
      { content: JSON.stringify({ translate: 'chat.type.emote', with: ['Alex', text] }) },
    ],
    // A death message, with a player's or an item's name.
    text => [
      'system_chat',
      {
        content: JSON.stringify({
          translate: 'death.attack.player',
          with: [text, { text, insertion: text }],
        }),
      },
    ],
    text => ['system_chat', { content: JSON.stringify({ text }) }],
  ]
  fc.assert(
    fc.property(typed, fc.constantFrom(...packets), (text, packetOf) => {
      const message = readChatPacket(...packetOf(text))
      const fact = message && observeChat(message, RULES, 0)
      assert.ok(fact === undefined || fact.type === 'command', JSON.stringify(fact))
    }),
    { numRuns: 2000 },
  )
})

test('a comment, whatever a player wrote in it, changes no other field of its line', () => {
  const comment = fc.oneof(
    fc.string(),
    fc.constantFrom(
      ': #9: x',
      '\nTask restore backup aborted',
      COMPLETED,
      'backup #9: y',
      '将要回档至备份#9: z',
    ),
  )
  fc.assert(
    fc.property(comment, fc.integer({ min: 1 }), (text, id) => {
      const parts = (start: string) => [
        PREFIX,
        start,
        { text: `#${id}`, clickEvent: { action: 'run_command', value: `!!pb show ${id}` } },
        ': ',
        text,
      ]
      const asked = system({ text: '', extra: parts('Gonna restore the world to backup ') })
      assert.ok(asked?.type === 'restore_asked')
      assert.equal(asked.backup.id, id)
      const counted = system({ text: '', extra: parts('!!! 5秒后将回档至备份') })
      assert.ok(counted?.type === 'restore_countdown')
      assert.equal(counted.backup.id, id)
      assert.equal(counted.secondsLeft, 5)
    }),
  )
})

test('an admin line is the console’s only, in vanilla’s own translated form', () => {
  const line = (who: unknown, what: unknown = { translate: 'commands.save.enabled' }) =>
    system({ translate: 'chat.type.admin', with: [who, what] })
  assert.deepEqual(line({ text: 'Server' }), { type: 'autosave', on: true })
  assert.deepEqual(line({ text: 'Server' }, { translate: 'commands.save.disabled' }), {
    type: 'autosave',
    on: false,
  })
  assert.deepEqual(line('Server', { translate: 'commands.stop.stopping' }), { type: 'server_stopping' })
  assert.deepEqual(line('Server', { translate: 'commands.stop.start' }), { type: 'server_stopping' })
  // A player whose name is Server.
  assert.equal(line({ text: 'Server', insertion: 'Server' }), undefined)
  assert.equal(line({ text: 'Server', hoverEvent: { action: 'show_entity', contents: {} } }), undefined)
  assert.equal(line({ text: 'Steve' }), undefined)
  assert.equal(line('Server', { text: 'Automatic saving is now enabled' }), undefined)
  assert.equal(system({ text: '[Server: Automatic saving is now enabled]' }), undefined)
})

test('a command is what stands behind the prefix, and who typed it', () => {
  const typed = (plainMessage: string) => {
    const message = readChatPacket('player_chat', {
      senderUuid: '5627DD98-e6be-3c21-b8a8-e92344183641',
      plainMessage,
      networkName: JSON.stringify({ text: '[VIP] Steve', insertion: 'Steve' }),
    })
    assert.ok(message)
    return readCommand(message, RULES)
  }
  const player = { uuid: '5627dd98-e6be-3c21-b8a8-e92344183641', name: 'Steve' }
  assert.deepEqual(typed('!!pb  test notify '), { player, words: 'test notify' })
  assert.deepEqual(typed('!!pb'), { player, words: '' })
  assert.equal(typed('!!pbx make'), undefined)
  assert.equal(typed('say !!pb make'), undefined)
})

test('a pattern of the config finds the player in a line that a plugin made', () => {
  const rules = { prefix: '!!pb', chatPatterns: [/^\[\w+\] (?<player>\w+): (?<message>.*)$/su] }
  const read = (text: string) => {
    const message = readChatPacket('system_chat', { content: JSON.stringify({ text }) })
    return message && readCommand(message, rules)
  }
  assert.deepEqual(read('[VIP] Steve: !!pb test notify'), { player: { name: 'Steve' }, words: 'test notify' })
  assert.equal(read('[VIP] Steve: hello'), undefined)
  assert.equal(read(`[VIP] Steve: !!pb make ${'x'.repeat(1000)}`), undefined)
})

test('the reason of a kick says whether the server shuts down', () => {
  const reason = (raw: unknown) => isShutdownReason(parseComponent(JSON.stringify(raw)) ?? assert.fail())
  assert.equal(reason({ translate: 'multiplayer.disconnect.server_shutdown' }), true)
  assert.equal(reason({ text: 'multiplayer.disconnect.server_shutdown' }), false)
})

test('each line of Prime Backup is read in both languages', () => {
  const pairs: [string, string][] = [
    ['Creating backup, please wait', '创建备份中...请稍等'],
    [COMPLETED, '备份完成, ID #12, 耗时0.24s, 体积1.83MiB (+377.95KiB)'],
    ['Waiting for the world to save timed out, aborting backup task', '等待世界保存超时, 备份任务终止'],
    ['Task create backup aborted', '创建备份任务已终止'],
    ['Plugin unloaded, backup task aborted', '插件卸载, 备份任务终止'],
    ['Schedule backup triggered', '定时备份触发'],
    [
      'Schedule backup completed with error, next execution at 2026-11-25 00:27:20',
      '定时备份失败, 下次执行: 2026-11-25 00:27:20',
    ],
    [
      'Schedule backup completed, next execution at 2026-11-25 00:27:20',
      '定时备份完成, 下次执行: 2026-11-25 00:27:20',
    ],
    ['Schedule backup aborted with reason: x', '定时备份被终止, 原因: x'],
    [
      'Detected new backup, timer reset. Next scheduled backup at 2026-11-25 00:27:20',
      '检测到新增的备份, 重置定时器。下次定时备份: 2026-11-25 00:27:20',
    ],
    ['Gonna restore the world to backup #1: no comment', '将要回档至备份#1: 空'],
    ['No choice has been made, task restore backup aborted', '未做出选择, 回档任务已终止'],
    ['!!! 5 second later, the world will §cbe restored§r to backup #1: c', '!!! 5秒后将§c回档§r至备份#1: c'],
    ['Task restore backup aborted', '回档任务已终止'],
  ]
  for (const [english, chinese] of pairs) {
    assert.ok(parseMessage(english), english)
    assert.deepEqual(parseMessage(chinese), parseMessage(english), chinese)
  }
  assert.equal(new Set(pairs.map(([english]) => JSON.stringify(parseMessage(english)))).size, pairs.length)
})
