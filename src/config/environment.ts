/** `${NAME}` in the strings of a config. */

export type Substituted = {
  value: unknown
  /** One line for each name that is not set. */
  faults: string[]
  /** Paths of strings that came from the environment: their values are never shown. */
  secretPaths: Set<string>
  /** The values that came from the environment. */
  secrets: Set<string>
  /** Paths of strings that name an unset variable: what else is wrong with them can't be told. */
  unsetPaths: Set<string>
}

/** Replaces every `${NAME}` in every string of `value`, keys left alone; `$${` stands for `${` itself. */
export function substituteEnvironment(value: unknown, environment: NodeJS.ProcessEnv): Substituted {
  const faults: string[] = []
  const secretPaths = new Set<string>()
  const secrets = new Set<string>()
  const unsetPaths = new Set<string>()

  function visit(node: unknown, path: PropertyKey[]): unknown {
    if (typeof node === 'string') {
      return node.replace(/\$?\$\{([^}]*)\}/g, (whole, name: string) => {
        if (whole.startsWith('$$')) return whole.slice(1)
        if (!/^[A-Za-z_]\w*$/.test(name)) {
          faults.push(
            `${showPath(path)}: what stands in "\${…}" is no name of an environment variable; write letters, digits and _, or "$\${" for the characters themselves`,
          )
          unsetPaths.add(showPath(path))
          return whole
        }
        const found = environment[name]
        if (found === undefined) {
          faults.push(
            `${showPath(path)}: the environment variable ${name} is not set; set it before the bridge starts, or write the value itself`,
          )
          unsetPaths.add(showPath(path))
          return whole
        }
        secretPaths.add(showPath(path))
        secrets.add(found)
        return found
      })
    }
    if (Array.isArray(node)) return node.map((child, index) => visit(child, [...path, index]))
    if (typeof node === 'object' && node !== null)
      return Object.fromEntries(
        Object.entries(node).map(([key, child]) => [key, visit(child, [...path, key])]),
      )
    return node
  }

  return { value: visit(value, []), faults, secretPaths, secrets, unsetPaths }
}

/** `servers[0].minecraft.port` */
export function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('')
}
