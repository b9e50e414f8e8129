// What was open stays open.
export {};
