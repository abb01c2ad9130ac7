/**
 * Worker module of the encoding pool: batches of texts to ids.
 */
import { serve } from '../workers/protocol.js';
import { openEncoder } from './encode-batch.js';

export default serve(openEncoder);
