/**
 * Module resolution for tests with two windows: what `drafts.js?window=2` imports of drafts and outbox is of
 * window 2 as well. Everything else is shared, as the disk is.
 *
 * @type {import("node:module").ResolveHook}
 */
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  const window = /\?window=\d+$/.exec(context.parentURL ?? "");
  if (window && /\/store\/(?:drafts|outbox)\.js$/.test(resolved.url)) resolved.url += window[0];
  return resolved;
}
