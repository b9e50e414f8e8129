// SIGUSR1 opens Node's inspector to whoever may send it, and with it this process's memory and secrets.
// Imported first by every trusted entry: https://nodejs.org/api/process.html#signal-events
process.on('SIGUSR1', () => {});
