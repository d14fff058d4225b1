/** The official JavaScript client against `podrun api`. */
import { describe } from 'vitest';
import { clientNodeChecks } from '../support/client-node-checks.ts';

describe('@kubernetes/client-node', () => {
	clientNodeChecks('client-node');
});
