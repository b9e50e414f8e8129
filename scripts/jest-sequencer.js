import Sequencer from '@jest/test-sequencer';

/** From slowest on: these take minutes, and would keep one core waiting for the other if they came last. */
const slow = ['/__tests__/attacks/', '/__tests__/action/', '/__tests__/platforms/'];

/** On a machine that has run no tests before, jest starts the largest files, which are not the slowest. */
export default class SlowestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => slow.findIndex((part) => path.includes(part)) >>> 0;
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}
