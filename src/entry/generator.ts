import './quick-start.ts';
import { runSessionProcess } from './session-process.ts';

runSessionProcess('generator');
