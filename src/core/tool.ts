/** The tools a session can be given, by the names that the SDK's toolset has for them. */
export const toolNames = ['bash', 'read', 'write', 'edit', 'glob', 'grep'] as const;

/** Those of them that can't change anything: all that a reviewer may have. */
export const readOnlyTools: readonly string[] = ['read', 'glob', 'grep'];
