import {
  type Conversation,
  firstUserText,
  type ModelRequest,
} from '../../__tests__/stand-ins/model/index.ts';

/** A review that reads the largest changed file and finds nothing: it shows the run, not a judgement. */
export function reader(): Conversation {
  return {
    name: 'reader',
    turns: [
      (request) => {
        const path = largestIn(request);
        if (path === undefined) return nothingFound('The change leaves no file with text to read.');
        return {
          text: `I read ${path}, the largest file of the change.`,
          tools: [{ name: 'read', input: { file_path: path } }],
        };
      },
      () => nothingFound('A scripted reply: the largest changed file was read, and nothing was judged.'),
    ],
  };
}

function nothingFound(summary: string) {
  return { tools: [{ name: 'submit_findings', input: { findings: [], summary } }] };
}

/** From the list of files in the session's first message, such as `M src/add.js +3 -1`. */
function largestIn({ body }: ModelRequest): string | undefined {
  const list = /^## Files\n\n(`{3,})text\n([\s\S]*?)\n\1$/m.exec(firstUserText(body))?.[2] ?? '';
  const files = [...list.matchAll(/^[AMRT] (?:.* => )?(.+) \+(\d+) -(\d+)(?: \(.*\))?$/gm)];
  const sizeOf = ([, , added, removed]: RegExpExecArray): number => Number(added) + Number(removed);
  return files.sort((a, b) => sizeOf(b) - sizeOf(a))[0]?.[1];
}
