/**
 * Text for a log that others read commands from: on one line, without control characters, and with nothing
 * that a runner takes for a command.
 */
export function harmless(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replaceAll('##[', '##\u2009[')
    .replace(/^\s*::/, ' : :')
    .slice(0, 1000);
}
