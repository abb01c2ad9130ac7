/**
 * Worker module of the reconciliation: batches of documents compared with the token stream.
 */
import { serve } from '../workers/protocol.js';
import { openReconciler } from './reconcile-batch.js';

export default serve(openReconciler);
