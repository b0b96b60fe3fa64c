/** What a server of 1.21.4 says besides its stream (client/stream.ts): backups, kicks, and what no server should say. */
import { deflateSync } from 'node:zlib'
import type { Component } from '../../src/demo/component.ts'
import { loadEdition } from '../../src/demo/library.ts'
import { createPhrases } from '../../src/demo/phrases.ts'
import { createSpeech } from '../../src/demo/speech.ts'
import { encodeVarint } from '../../src/source/varint.ts'
import { frame, packet, plainFrame, VERSION } from '../client/stream.ts'

const speech = createSpeech(loadEdition(VERSION))
const { say, prefixed, id, seconds, size } = createPhrases('en_us', '!!pb')

function chat(component: Component): Buffer {
  const { name, params } = speech.system(component)
  return packet('play', name, params)
}

export const backupStart = frame(chat(prefixed(say('creating'))))

/** What it cost must be true: a backup that took less than the bot was away is another one than it saw begin. */
export function backupSuccess(number: number, costMs: number): Buffer {
  const done = say('completed', [id(number), seconds(costMs), size(5_000_000), size(400_000)])
  return frame(chat(prefixed(done)))
}

export function chatLine(text: string): Buffer {
  return frame(chat({ text }))
}

export const kick = frame(
  packet('play', 'kick_disconnect', { reason: speech.kick({ translate: 'multiplayer.disconnect.kicked' }) }),
)

const UNKNOWN_ID = 0x7f

/** What a client must pass over, and stay. */
export function junk(random: () => number): { [kind: string]: Buffer } {
  const noise = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(256 * random())))
  const line = chat({ text: 'this is cut off' })
  const chatId = line.subarray(0, 1)
  return {
    'an id that there is not': frame(Buffer.concat([encodeVarint(UNKNOWN_ID), noise(40)])),
    'the same, compressed': frame(Buffer.concat([encodeVarint(UNKNOWN_ID), Buffer.alloc(4_000), noise(400)])),
    'half a line of chat': frame(line.subarray(0, line.length / 2)),
    'noise as chat': frame(Buffer.concat([chatId, noise(60)])),
    'noise as chat, compressed': frame(Buffer.concat([chatId, noise(3_000)])),
    'an empty frame': Buffer.of(0),
    'a long line': chatLine('long '.repeat(12_000)),
    'a deep line': frame(chat(deep(400))),
  }
}

function deep(depth: number): Component {
  let component: Component = { text: 'deep' }
  for (let level = 0; level < depth; level++) component = { text: '', extra: [component] }
  return component
}

/** Frames that no client can go on after. */
export const POISON: { [kind: string]: Buffer } = {
  'a length without an end': Buffer.of(0xff, 0xff, 0xff, 0xff, 0x7f),
  'what no zlib has packed': plainFrame(Buffer.concat([encodeVarint(1_000), Buffer.alloc(200, 0x5a)])),
  'more than vanilla inflates': plainFrame(
    Buffer.concat([encodeVarint(9_000_000), deflateSync(chat({ text: 'x'.repeat(2_000) }))]),
  ),
}
