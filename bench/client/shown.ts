/** What a component shows, for what the baselines give: only what the bench's own stream has in it. */
export type Shown = string | { text?: string; extra?: Shown[]; '': string }

export function textOf(shown: Shown): string {
  if (typeof shown === 'string') return shown
  // In a list of compounds, NBT has a bare string under an empty key.
  return (shown.text ?? shown[''] ?? '') + (shown.extra ?? []).map(textOf).join('')
}
