const english = new Intl.NumberFormat('en-US');

/** 12345 as `12,345`. */
export function count(n: number): string {
  return english.format(n);
}

/** `1 finding`, `12,345 findings`; the plural is the singular with an s unless it is given. */
export function many(n: number, one: string, more = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : more}`;
}

/** An amount of US dollars: `$0.42`; what is above nothing is never shown as nothing. */
export function usd(amount: number): string {
  if (amount > 0 && amount < 0.005) return 'under $0.01';
  return `$${new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(amount)}`;
}

/** Seconds as `0.4s`, `42s`, `3m 12s`, `2h 5m`. */
export function duration(seconds: number): string {
  if (seconds > 0 && seconds < 9.95) return `${Math.max(0.1, Number(seconds.toFixed(1)))}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m ${whole % 60}s`;
  return `${count(Math.floor(minutes / 60))}h ${minutes % 60}m`;
}

/** A number of bytes: `812 B`, `3.4 kB`, `1.2 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
