import type { Provider } from '../provider.ts'

/** Any HTTP receiver: the whole payload as JSON (facts/compat.md section 2); a 2xx means delivered. */
export const webhook: Provider<undefined> = {
  type: 'webhook',
  request: ({ payload }, { url }) => ({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payload),
  }),
}
