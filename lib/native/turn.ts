/** Lets the event loop go on: resolves in its next turn. */
export const nextTurn = (): Promise<void> => new Promise((resume) => setImmediate(resume));
