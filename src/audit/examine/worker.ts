/**
 * Worker module of an audit: batches of documents examined against the token stream.
 */
import { serve } from '../../workers/protocol.js';
import { openExaminer } from './examiner.js';

export default serve(openExaminer);
