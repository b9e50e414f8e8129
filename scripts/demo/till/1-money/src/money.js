/** An amount as a person reads it: 1999 is `19.99`. */
export function format(cents) {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Shares an amount out so that no cent is lost: the first shares are a cent larger. */
export function split(cents, parts) {
  const share = Math.floor(cents / parts);
  const left = cents - share * parts;
  return Array.from({ length: parts }, (_, index) => share + (index < left ? 1 : 0));
}
