/**
 * The packets of one version that are used, compiled. minecraft-protocol compiles every packet of a state, in both
 * directions, to read and to write; here only those that are wanted are, with the types that they are made of, and only
 * to read or only to write.
 */

/** A type of protodef: its name, or the kind of it with its options. */
type Type = unknown
type Types = { [name: string]: Type }

/** minecraft-data's description of the protocol of one version. */
export type ProtocolDescription = {
  types: Types
  [state: string]: { types?: Types } | { toClient: { types: Types }; toServer: { types: Types } } | Types
}

export type Direction = 'toClient' | 'toServer'

/** Ids of packets and their names, and what they are made of. */
type PacketType = [
  'container',
  [
    { name: 'name'; type: ['mapper', { type: string; mappings: { [id: string]: string } }] },
    { name: 'params'; type: ['switch', { compareTo: string; fields: { [name: string]: string } }] },
  ],
]

/** Names of the packets by their ids; empty where the version has no such state. */
export function packetNames(
  protocol: ProtocolDescription,
  state: string,
  direction: Direction,
): Map<number, string> {
  const packet = typesOf(protocol, state, direction)?.packet as PacketType | undefined
  const mappings = packet?.[1][0].type[1].mappings ?? {}
  return new Map(Object.entries(mappings).map(([id, name]) => [Number(id), name]))
}

function typesOf(protocol: ProtocolDescription, state: string, direction: Direction): Types | undefined {
  const description = protocol[state] as { [Key in Direction]?: { types: Types } } | undefined
  return description?.[direction]?.types
}

/**
 * The types that the wanted packets are made of, and a `packet` type that knows those packets alone. Without `wanted` all
 * of the state. What the two sets of types define alike, the shared one decides, as in the library.
 */
export function usedTypes(
  protocol: ProtocolDescription,
  state: string,
  direction: Direction,
  wanted?: ReadonlySet<string>,
): Types {
  const types = { ...typesOf(protocol, state, direction), ...protocol.types }
  const packet = types.packet as PacketType | undefined
  if (!packet) throw new Error(`the protocol has no packets ${direction} in ${state}`)
  const [kind, [name, params]] = packet
  const isWanted = (entry: string) => wanted?.has(entry) ?? true
  const { mappings } = name.type[1]
  const { fields } = params.type[1]
  const reduced: PacketType = [
    kind,
    [
      {
        ...name,
        type: [
          'mapper',
          { ...name.type[1], mappings: filterEntries(mappings, (_, entry) => isWanted(entry)) },
        ],
      },
      { ...params, type: ['switch', { ...params.type[1], fields: filterEntries(fields, isWanted) }] },
    ],
  ]
  const used: Types = {}
  const visit = (part: unknown): void => {
    if (typeof part === 'string') {
      if (part === 'packet' || Object.hasOwn(used, part) || !Object.hasOwn(types, part)) return
      used[part] = types[part]
      visit(types[part])
    } else if (typeof part === 'object' && part !== null)
      for (const inner of Object.values(part)) visit(inner)
  }
  visit(reduced)
  return { ...used, packet: reduced }
}

function filterEntries<Value extends string>(
  entries: { [key: string]: Value },
  isKept: (key: string, value: Value) => boolean,
): { [key: string]: Value } {
  return Object.fromEntries(Object.entries(entries).filter(([key, value]) => isKept(key, value)))
}
