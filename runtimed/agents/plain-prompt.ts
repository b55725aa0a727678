/**
 * A prompt that an agent does not take for one of its own commands: `/about is broken` speaks of a page. Its text is all
 * there otherwise, save for halves of characters, which no provider takes.
 */
export const plainPrompt = (prompt: string): string =>
  (prompt.trimStart().startsWith('/') ? `Task: ${prompt}` : prompt).toWellFormed();
