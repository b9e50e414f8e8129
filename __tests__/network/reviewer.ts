import { type Model, startModel, toolResults } from '../stand-ins/model/index.ts';
import type { Prepared } from './findings.ts';

/** A model that reads the lines of the first finding and then hands all of them in. */
export function startReviewer({ exact, findings }: Prepared): Promise<Model> {
  return startModel({
    conversations: [
      {
        name: 'reviewer',
        turns: [
          {
            tools: [
              { name: 'read', input: { file_path: exact.path, view_range: [exact.line, exact.line + 1] } },
            ],
          },
          ({ body }) => {
            const [result] = toolResults(body);
            if (!result?.text.includes(exact.text)) throw new Error(`read gave back: ${result?.text}`);
            return { tools: [{ name: 'submit_findings', input: { findings, summary: 'Two versions.' } }] };
          },
        ],
      },
    ],
  });
}
