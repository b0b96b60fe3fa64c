/** A value of somebody else's file, as our config must have it: there, `${` would name an environment variable. */
export function literal<Value>(value: Value): Value {
  return (typeof value === 'string' ? value.replaceAll('${', () => '$${') : mapInside(value)) as Value
}

function mapInside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(literal)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, literal(inner)]))
}
