/** What people and earlier sessions have said, for a session to be told as it is. */
export const told: string[] = [];
