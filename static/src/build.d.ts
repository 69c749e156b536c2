// Filled in by static/build/worker.mjs.
declare const __PRECACHE__: { url: string; revision: null }[];
declare const __SHELL_URL__: string;
