import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import minecraftData from 'minecraft-data'
import { loadDialect, versionOf } from '../../src/source/library.ts'

type Release = { minecraftVersion: string; version: number }
type Fields = [string, { name: string }[]]
type Data = {
  version: { version: number }
  protocol: { types: { [name: string]: Fields }; play: { toClient: { types: { [name: string]: Fields } } } }
}

const library = minecraftData as unknown as ((version: string) => Data | null) & {
  versions: { pc: Release[] }
}

/** Every release from 1.12.2 on that the protocol library has data of. */
const releases = library.versions.pc.filter(
  ({ minecraftVersion, version }) =>
    /^[\d.]+$/.test(minecraftVersion) && version >= 340 && library(minecraftVersion) !== null,
)

/** minecraft-data has no data of this protocol; it answers with that of 1.14. */
const UNSPOKEN = ['1.14.2']

const status = (versionName: string, protocol: number) => versionOf({ versionName, protocol })

describe('the dialect', () => {
  it('of each release is that of its own protocol number, by name and by ping', async () => {
    assert.ok(releases.length >= 45, `only ${releases.length} releases`)
    for (const { minecraftVersion, version } of releases) {
      const dialect = await loadDialect(minecraftVersion)
      const pinged = await status('Paper', version)
      if (UNSPOKEN.includes(minecraftVersion)) {
        assert.ok('reason' in dialect && typeof pinged === 'object', minecraftVersion)
        continue
      }
      assert.ok(!('reason' in dialect), minecraftVersion)
      assert.equal(library(dialect.version)?.version.version, version, minecraftVersion)
      assert.ok(typeof pinged === 'string', minecraftVersion)
      assert.equal(library(pinged)?.version.version, version, minecraftVersion)
      assert.equal(dialect.configures, version >= 764, minecraftVersion)
    }
  })

  it('is called as the config calls it, where several versions speak the same', async () => {
    for (const version of ['1.20', '1.20.1', '1.21', '1.21.1']) {
      const dialect = await loadDialect(version)
      assert.ok('version' in dialect)
      assert.equal(dialect.version, version)
    }
  })

  it('of an unknown version is an ending that says what to set', async () => {
    for (const version of ['1.21.99', '3.0', '99.1']) {
      const ending = await loadDialect(version)
      assert.ok('reason' in ending)
      assert.equal(ending.reason, `Minecraft ${version} is unknown here`)
      assert.match(
        ending.remedy ?? '',
        /^set minecraft\.version to "auto" or to a version from 1\.7 to 26\.1/,
      )
    }
  })

  it('of a server that speaks none that is known is an ending that names the server’s', async () => {
    const ending = await status('§aModded\n42', 999)
    assert.ok(typeof ending === 'object')
    assert.equal(
      ending.reason,
      'the server runs "Modded 42" (protocol 999), which this bridge does not speak',
    )
    assert.match(ending.remedy ?? '', /update the bridge/)
    for (const odd of [-1, 0.5, 2 ** 31, Number.NaN]) assert.equal(typeof (await status('', odd)), 'object')
  })
})

describe('the chat packets', () => {
  it('of every release have the fields that are read', () => {
    const forms = new Set<string>()
    for (const { minecraftVersion } of releases) {
      const protocol = library(minecraftVersion)?.protocol
      const types = { ...protocol?.types, ...protocol?.play.toClient.types }
      const has = (packet: string, ...names: string[]) => {
        const fields = types[`packet_${packet}`]?.[1].map(field => field.name) ?? []
        return names.every(name => fields.includes(name))
      }
      const form = [
        has('chat', 'message', 'position') && 'one packet',
        has('system_chat', 'content', 'type') && 'typed system',
        has('system_chat', 'content', 'isActionBar') && 'system',
        has('player_chat', 'signedChatContent', 'senderUuid', 'senderName') && 'signed component',
        has('player_chat', 'plainMessage', 'senderUuid', 'networkName') && 'plain',
        has('profileless_chat', 'message', 'name') && 'profileless',
      ]
      forms.add(form.filter(Boolean).join(', '))
    }
    assert.deepEqual([...forms].sort(), [
      'one packet',
      'system, plain',
      'system, plain, profileless',
      'typed system, signed component',
    ])
  })
})
