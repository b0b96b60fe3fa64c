/** The few commands of the practice server: the tree that clients are sent, and what each does. */
import { type Component, readComponent } from './component.ts'
import type { Edition, Packet } from './library.ts'
import type { Player } from './roster.ts'

/** What a command may do to the server. */
export type Hands = {
  edition: Edition
  /** The spelling of click and hover that this version reads. */
  events: 'old' | 'new'
  players(): Player[]
  find(name: string): Player | undefined
  isOperator(name: string): boolean
  /** A system line; private unless it goes to everybody. */
  system(to: Player[], component: Component, isPrivate: boolean): void
  whisper(from: Player, to: Player, text: string): void
  say(from: Player, text: string): void
  login(from: Player, password: string): void
}

const OPERATOR_COMMANDS = new Set(['tellraw', 'say'])
const WHISPERS = new Set(['tell', 'msg', 'w'])

/** `line` is without its slash. */
export function runCommand(hands: Hands, sender: Player, line: string) {
  const [, word = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(line) ?? []
  // From 1.13 on a name with other than plain characters stands in quotes.
  const [, quoted, bare = '', argument = ''] = /^(?:"([^"]*)"|(\S*))\s*(.*)$/s.exec(rest) ?? []
  const target = quoted ?? bare
  const fail = (component: Component) =>
    hands.system([sender], { text: '', color: 'red', extra: [component] }, true)

  if (OPERATOR_COMMANDS.has(word) && !hands.isOperator(sender.name)) return unknown()
  if (WHISPERS.has(word) && argument !== '') {
    const [to] = playersAt(target)
    if (!to) return fail(notFound(hands.edition))
    return hands.whisper(sender, to, argument)
  }
  if (word === 'tellraw' && argument !== '') {
    const to = playersAt(target)
    if (to.length === 0) return fail(notFound(hands.edition))
    const component = readComponent(argument, hands.events)
    if (component === undefined) return fail({ translate: 'argument.component.invalid', with: [argument] })
    return hands.system(to, component, target !== '@a')
  }
  if (word === 'say' && rest !== '') return hands.say(sender, rest)
  if (word === 'login' && rest !== '') return hands.login(sender, rest)
  if (word === 'list') {
    const names = hands.players().map(({ name }) => name)
    return hands.system([sender], `There are ${names.length} players online: ${names.join(', ')}`, true)
  }
  return unknown()

  function unknown() {
    if (!hands.edition.atLeast('1.13')) return fail({ translate: 'commands.generic.notFound' })
    fail({ translate: 'command.unknown.command' })
    return hands.system(
      [sender],
      {
        text: '',
        color: 'gray',
        extra: [line.slice(-10), { translate: 'command.context.here', color: 'red' }],
      },
      true,
    )
  }

  function playersAt(selector: string): Player[] {
    if (selector === '@a') return hands.players()
    if (selector === '@s' || selector === '@p') return [sender]
    const found = hands.find(selector) ?? hands.players().find(({ uuid }) => uuid === selector)
    return found ? [found] : []
  }
}

function notFound(edition: Edition): Component {
  if (edition.atLeast('1.13')) return { translate: 'argument.entity.notfound.player' }
  return { translate: 'commands.generic.player.notFound' }
}

type Node = {
  type: 'root' | 'literal' | 'argument'
  children: number[]
  data?: { name: string; parser?: string; properties?: object }
  executable?: boolean
  redirect?: number
}

const NODE_TYPES = { root: 0, literal: 1, argument: 2 }

/** The tree as one player may use it; undefined before 1.13, which has none. */
export function commandTree(edition: Edition, isOperator: boolean): Packet | undefined {
  if (!edition.hasPacket('declare_commands')) return undefined
  const root: Node = { type: 'root', children: [] }
  const nodes = [root]
  const add = (node: Node) => nodes.push(node) - 1
  const literal = (name: string, rest: Partial<Node> = {}) => {
    const index = add({ type: 'literal', children: [], data: { name }, ...rest })
    root.children.push(index)
    return index
  }
  const argument = (name: string, parser: string, rest: Partial<Node> = {}, properties?: object) =>
    add({ type: 'argument', children: [], data: { name, parser, properties }, ...rest })
  const targets = (children: number[]) =>
    argument('targets', 'minecraft:entity', { children }, { onlyAllowPlayers: 1, onlyAllowEntities: 0 })
  const message = () => argument('message', 'minecraft:message', { executable: true })

  const msg = literal('msg', { children: [targets([message()])] })
  literal('tell', { redirect: msg })
  literal('w', { redirect: msg })
  literal('list', { executable: true })
  literal('login', { children: [message()] })
  if (isOperator) {
    const component = argument('message', 'minecraft:component', { executable: true })
    literal('tellraw', { children: [targets([component])] })
    literal('say', { children: [message()] })
  }
  return { name: 'declare_commands', params: { nodes: nodes.map(packed), rootIndex: 0 } }
}

function packed({ type, children, data, executable = false, redirect }: Node): object {
  return {
    flags: {
      unused: 0,
      allows_restricted: 0,
      has_custom_suggestions: 0,
      has_redirect_node: redirect === undefined ? 0 : 1,
      has_command: executable ? 1 : 0,
      command_node_type: NODE_TYPES[type],
    },
    children,
    redirectNode: redirect,
    extraNodeData: data,
  }
}
