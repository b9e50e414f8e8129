/** Hides secrets in text as the runner does: also line by line, and in the encodings it knows. */
export type Masker = { add: (secret: string) => void; hide: (text: string) => string; secrets: string[] };

/** Starts with these secrets. */
export function startMasker(secrets: string[] = []): Masker {
  const known: string[] = [];
  const patterns = new Set<string>();
  const add = (secret: string): void => {
    if (secret === '') return;
    known.push(secret);
    for (const part of [secret, ...secret.split(/[\r\n]+/)]) {
      if (part !== '') for (const form of formsOf(part)) patterns.add(form);
    }
  };
  for (const secret of secrets) add(secret);
  return {
    add,
    secrets: known,
    hide: (text) =>
      [...patterns]
        .sort((a, b) => b.length - a.length)
        .reduce((rest, form) => rest.replaceAll(form, '***'), text),
  };
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const shifted = [0, 1, 2].map((skip) => bytes.subarray(skip).toString('base64'));
  const json = JSON.stringify(secret).slice(1, -1);
  const xml = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  // What is shorter after decoding than a few characters would hide half of the log.
  return [secret, json, xml, encodeURIComponent(secret), ...shifted.filter((form) => form.length > 6)];
}
