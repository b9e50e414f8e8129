import './quick-start.ts';
import { reviewerKit } from '../engines/kit.ts';
import { runSessionProcess } from './session-process.ts';

runSessionProcess(reviewerKit);
