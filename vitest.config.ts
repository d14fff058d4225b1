import { defineConfig } from 'vitest/config';

// Four suites: `unit` knows no Docker and ends in seconds; `engine` pins the engine's behaviour on the
// fake and on the real one; `fault` breaks things on both; `e2e` drives the built CLI. No retries anywhere: a flake is a bug.
export default defineConfig({
	test: {
		projects: [
			{
				test: {
					name: 'unit',
					include: ['test/unit/**/*.test.ts'],
					setupFiles: ['test/support/fast-check.ts'],
					// One world for all files of a worker: modules are read once, which halves the time.
					isolate: false,
					// Seconds on a quiet machine; a busy one is no reason to fail.
					testTimeout: 30_000,
				},
			},
			{
				test: {
					name: 'engine',
					include: ['test/engine/**/*.test.ts'],
					testTimeout: 120_000,
					hookTimeout: 120_000,
					maxWorkers: 2,
				},
			},
			{
				test: {
					name: 'fault',
					include: ['test/fault/**/*.test.ts'],
					globalSetup: ['test/support/e2e-setup.ts'],
					testTimeout: 300_000,
					hookTimeout: 300_000,
					// Most of them wait most of the time.
					maxWorkers: 3,
				},
			},
			{
				test: {
					name: 'e2e',
					include: ['test/e2e/**/*.test.ts'],
					globalSetup: ['test/support/e2e-setup.ts'],
					testTimeout: 300_000,
					hookTimeout: 300_000,
					maxWorkers: 2,
				},
			},
		],
	},
});
