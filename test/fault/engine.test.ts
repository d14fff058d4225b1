/** An engine that ends its containers with itself. */
import { engineFaults } from './engine-faults.ts';

engineFaults(false);
