/** The two languages of chat, notifications and the page; the names are Minecraft's own. */
export const LANGUAGES = ['en_us', 'zh_cn'] as const
export type Language = (typeof LANGUAGES)[number]

/** One text in both languages. */
export type Text = { [L in Language]: string }
