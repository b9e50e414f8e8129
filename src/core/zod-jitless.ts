import * as z from 'zod';

// zod writes a program for each object schema and compiles it; a process that reads each kind of document
// a few times is done sooner without. Imported before anything that makes a schema.
z.config({ jitless: true });
