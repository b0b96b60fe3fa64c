/** One line of whatever was thrown. */
export function oneError(error: unknown): string {
  const { message, errstr } = (error ?? {}) as { message?: unknown; errstr?: unknown }
  return String(errstr ?? message ?? error).split('\n', 1)[0] ?? 'unknown error'
}
