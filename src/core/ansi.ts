/**
 * Escape sequences of a terminal. An unfinished one ends at its line, so that it can't swallow what follows, and no
 * character is looked at twice: Node's own `stripVTControlCharacters` takes hours for a few megabytes of half-open ones.
 */
export const ansi =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|\u001b[\]PX^_][^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/gu;
