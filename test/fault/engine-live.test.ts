/** An engine whose containers run on without it. */
import { engineFaults } from './engine-faults.ts';

engineFaults(true);
