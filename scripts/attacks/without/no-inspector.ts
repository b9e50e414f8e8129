// SIGUSR1 does what Node does by default.
export {};
