import Sequencer from '@jest/test-sequencer';

/** What takes longest comes first, or it would keep one core waiting for the other at the end. */
const slow = [
  // These mostly wait, so they go beside what computes.
  '/platforms/github/push.',
  '/platforms/github/ask.',
  '/action/',
  '/cli/',
  '/platforms/',
  '/attacks/layers/',
  '/attacks/stopped/',
];

/** On a machine that has run no tests before, jest starts the largest files, which are not the slowest. */
export default class SlowestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => slow.findIndex((part) => path.includes(part)) >>> 0;
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}
