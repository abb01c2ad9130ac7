/**
 * Worker module of `tokenize`: batches of documents to entries of shards.
 */
import { serve } from '../workers/protocol.js';
import { openSharder } from './batch.js';

export default serve(openSharder);
