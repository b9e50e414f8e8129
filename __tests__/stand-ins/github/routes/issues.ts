import { forbidden, may } from '../access.ts';
import { type Answer, type Call, invalid, list, notFound, type Routes, refuse } from '../answers.ts';
import { commentShape, issueShape, labelShape } from '../shapes.ts';
import { stamp } from '../store.ts';
import type { Comment, Issue } from '../types.ts';

function issueOf(call: Call): Issue {
  const issue = call.repository.issues.get(Number(call.parameters.issue_number));
  if (!issue) throw notFound();
  allow(call, issue);
  return issue;
}

// pull_requests stands in for issues only where the issue is a pull request.
function allow(call: Call, issue: Issue): void {
  const level = call.method === 'GET' ? 'read' : 'write';
  const { grant, repository } = call;
  if (may(grant, repository, 'issues', level)) return;
  if (!issue.pull || !may(grant, repository, 'pull_requests', level)) throw forbidden(grant);
}

function commentOf(call: Call): Comment {
  const comment = call.repository.comments.find((each) => each.id === Number(call.parameters.comment_id));
  if (!comment) throw notFound();
  allow(call, comment.issue);
  return comment;
}

function checkBody(body: string): void {
  if (body.trim() === '') {
    throw invalid({ resource: 'IssueComment', code: 'missing_field', field: 'body' });
  }
  if ([...body].length > 65536) {
    const message = 'Body is too long (maximum is 65536 characters)';
    throw invalid({ resource: 'IssueComment', code: 'unprocessable', field: 'data', message });
  }
}

function createComment(call: Call): Answer {
  const issue = issueOf(call);
  const { body } = call.body as { body: string };
  checkBody(body);
  const now = stamp(call.world);
  const comment: Comment = {
    id: call.world.nextId(),
    issue,
    author: call.grant.user,
    app: call.grant.app,
    body,
    createdAt: now,
    updatedAt: now,
    minimized: null,
  };
  call.repository.comments.push(comment);
  return { status: 201, body: commentShape(call.world, comment) };
}

function updateComment(call: Call): Answer {
  const comment = commentOf(call);
  const { body } = call.body as { body: string };
  checkBody(body);
  comment.body = body;
  comment.updatedAt = stamp(call.world);
  return { status: 200, body: commentShape(call.world, comment) };
}

function deleteComment(call: Call): Answer {
  const comment = commentOf(call);
  call.repository.comments = call.repository.comments.filter((each) => each !== comment);
  return { status: 204 };
}

function labels(call: Call, issue: Issue): Answer {
  return list(
    call,
    issue.labels.map((name) => labelShape(call.world, call.repository, name)),
  );
}

function addLabels(call: Call): Answer {
  const issue = issueOf(call);
  const body = call.body as { labels?: (string | { name: string })[] } | (string | { name: string })[];
  const given = (Array.isArray(body) ? body : (body.labels ?? [])).map((label) =>
    typeof label === 'string' ? label : label.name,
  );
  issue.labels = [...new Set([...issue.labels, ...given])];
  return labels(call, issue);
}

function removeLabel(call: Call): Answer {
  const issue = issueOf(call);
  const { name = '' } = call.parameters;
  if (!issue.labels.includes(name)) throw refuse(404, 'Label does not exist');
  issue.labels = issue.labels.filter((each) => each !== name);
  return labels(call, issue);
}

const read = ['issues:read', 'pull_requests:read'] as const;
const write = ['issues:write', 'pull_requests:write'] as const;

export const issues: Routes = {
  'issues/get': {
    needs: read,
    handle: (call) => ({ status: 200, body: issueShape(call.world, issueOf(call)) }),
  },
  'issues/list-comments': {
    needs: read,
    handle: (call) => {
      const issue = issueOf(call);
      const own = call.repository.comments.filter((comment) => comment.issue === issue);
      const since = call.query.since;
      const wanted = own.filter((comment) => !since || comment.updatedAt >= since);
      return list(
        call,
        wanted.map((comment) => commentShape(call.world, comment)),
      );
    },
  },
  'issues/create-comment': { needs: write, handle: createComment },
  'issues/get-comment': {
    needs: read,
    handle: (call) => ({ status: 200, body: commentShape(call.world, commentOf(call)) }),
  },
  'issues/update-comment': { needs: write, handle: updateComment },
  'issues/delete-comment': { needs: write, handle: deleteComment },
  'issues/list-labels-on-issue': { needs: read, handle: (call) => labels(call, issueOf(call)) },
  'issues/add-labels': { needs: write, handle: addLabels },
  'issues/remove-label': { needs: write, handle: removeLabel },
};
